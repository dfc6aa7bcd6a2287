"""What every number of billing means: docs/metrics.md is made from here."""

from typing import Final

from shared.vocabulary.definition import Definition, by_id

PAYMENT_FAILURES: Final = Definition(
    id="B20.payment_failures",
    version=1,
    title="Failed payments",
    formula="attempts to collect that failed; n counts all attempts",
    unit="attempts",
    window="90 days before asOf",
    direction="higher is worse",
    source="payments, as known at asOf",
)
INVOICES_OVERDUE: Final = Definition(
    id="B21",
    version=1,
    title="Invoices overdue",
    formula="invoices not paid at asOf whose due day has passed",
    unit="invoices",
    window="at asOf",
    direction="higher is worse",
    source="invoices, as known at asOf",
)

DEFINITIONS: Final = by_id(PAYMENT_FAILURES, INVOICES_OVERDUE)
