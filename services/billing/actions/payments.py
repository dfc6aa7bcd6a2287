"""Take attempts to collect, and ways of paying."""

from services.billing.actions.changes import taking
from services.billing.rows import PaymentMethodRow, PaymentRow
from services.billing.store import tables
from shared.intake.rows import Kind

PAYMENTS = Kind("payments", PaymentRow, taking(tables.PAYMENT))
PAYMENT_METHODS = Kind("payment-methods", PaymentMethodRow, taking(tables.PAYMENT_METHOD))
