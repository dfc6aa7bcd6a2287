"""What billing keeps in versions."""

from typing import Any

from services.billing.domain.subscriptions import MILLION, millionths
from services.billing.rows import (
    InvoiceRow,
    PaymentMethodRow,
    PaymentRow,
    SubscriptionRow,
    identity_of_method,
)
from shared.intake.versioned import Versioned


def _discount(row: SubscriptionRow) -> dict[str, Any]:
    """Rounded as `mrr_cents` rounds it, not as the column would."""
    return {"discount_share": millionths(row.discount_share) / MILLION}


SUBSCRIPTION = Versioned("billing.subscription", SubscriptionRow, columns=_discount)
INVOICE = Versioned("billing.invoice", InvoiceRow)
PAYMENT = Versioned("billing.payment", PaymentRow, corrections=False)
PAYMENT_METHOD = Versioned("billing.payment_method", PaymentMethodRow, identity=identity_of_method)
