"""What every number of usage means: docs/metrics.md is made from here.

A changed formula is a new version; what was answered under the old one keeps its meaning.
"""

from typing import Final

from shared.definition import Definition, by_id

MONTH = "28 days with the day of asOf, in the tenant's zone"
WHOLE_MONTH = "28 whole days before the day of asOf, in the tenant's zone"
WEEKS = "up to 30 full weeks back from the midnight of asOf's day"
PRODUCT_USE = "usage events"
CONTRACTS = "usage events; contracts (fact ContractChanged)"

REGULAR_SHARE: Final = Definition(
    id="U1",
    version=1,
    title="Regular users",
    formula="active members with events in each of the last four weeks / active members",
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
ACTIVE_MEMBERS: Final = Definition(
    id="U1.active_members",
    version=1,
    title="Active members",
    formula="distinct members with at least one event",
    unit="members",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
SEAT_GAP: Final = Definition(
    id="U2",
    version=1,
    title="Seat gap",
    formula="max(0, 1 - active members / purchased seats)",
    unit="share",
    window=MONTH,
    direction="higher is worse",
    source=CONTRACTS,
)
FEATURES_USED: Final = Definition(
    id="U4.features_used",
    version=1,
    title="Features used",
    formula="distinct features with at least one event",
    unit="features",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
EVENTS: Final = Definition(
    id="U8.events",
    version=1,
    title="Events",
    formula="usage events",
    unit="events",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
DAU_MAU: Final = Definition(
    id="U14",
    version=1,
    title="Stickiness, DAU/MAU",
    formula="mean over the days of distinct daily members / distinct members of the window",
    unit="share",
    window=WHOLE_MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
TREND: Final = Definition(
    id="U15",
    version=1,
    title="Weekly trend",
    formula="least-squares slope per week of log(1 + events), at least 8 full weeks",
    unit="log events per week",
    window=WEEKS,
    direction="above 0 is growth",
    source=PRODUCT_USE,
)

DEFINITIONS: Final = by_id(
    REGULAR_SHARE,
    ACTIVE_MEMBERS,
    SEAT_GAP,
    FEATURES_USED,
    EVENTS,
    DAU_MAU,
    TREND,
)
