"""What every number of accounts means: docs/metrics.md is made from here."""

from functools import partial
from typing import Final

from shared.vocabulary.definition import Definition, by_id

DAYS_90: Final = "90 days before asOf"
ticket_definition = partial(Definition, version=1, source="support tickets, as known at asOf")

TICKETS_28D: Final = ticket_definition(
    id="F1.tickets_28d",
    title="Tickets in 28 days",
    formula="tickets opened",
    unit="tickets",
    window="28 days before asOf",
    direction="higher is worse",
)
TICKETS_90D: Final = ticket_definition(
    id="F1.tickets_90d",
    title="Tickets in 90 days",
    formula="tickets opened",
    unit="tickets",
    window=DAYS_90,
    direction="higher is worse",
)
OPEN_HIGH_SEVERITY: Final = ticket_definition(
    id="F1.open_high_severity",
    title="Open tickets of high severity",
    formula="tickets of severity high or urgent that were opened before asOf and not resolved then",
    unit="tickets",
    window="at asOf",
    direction="higher is worse",
)
RATE_24: Final = ticket_definition(
    id="F3.rate24",
    title="Answered within 24 hours",
    formula=(
        "tickets replied to, the reply or the resolution within 24 hours / tickets opened at "
        "least 24 hours before asOf; tickets without a reply are misses"
    ),
    unit="share",
    window="opened from 90 days to 24 hours before asOf",
    direction="higher is better",
)
FIRST_REPLY: Final = ticket_definition(
    id="F3.first_reply_median_s",
    title="Median time to the first reply",
    formula=(
        "Kaplan-Meier median of the time from opening to the first reply; tickets without one are "
        "censored at their resolution or asOf"
    ),
    unit="seconds",
    window=DAYS_90,
    direction="lower is better",
)

DEFINITIONS: Final = by_id(TICKETS_28D, TICKETS_90D, OPEN_HIGH_SEVERITY, RATE_24, FIRST_REPLY)
