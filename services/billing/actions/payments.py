"""Take attempts to collect, and ways of paying."""

from services.billing.actions.changes import taking
from services.billing.rows import PaymentMethodRow, PaymentRow
from services.billing.store import tables
from shared.intake.rows import BulkRoute

PAYMENTS = BulkRoute("payments", PaymentRow, taking(tables.PAYMENT))
PAYMENT_METHODS = BulkRoute("payment-methods", PaymentMethodRow, taking(tables.PAYMENT_METHOD))
