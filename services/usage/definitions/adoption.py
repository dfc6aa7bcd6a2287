"""What every number of usage means: docs/metrics.md is made from here.

A changed formula is a new version; what was answered under the old one keeps its meaning.
"""

from typing import Final

from services.usage.definitions.journeys import JOURNEYS
from shared.vocabulary.definition import Definition, by_id

MONTH = "28 days with the day of asOf, in the tenant's zone"
WHOLE_MONTH = "28 whole days before the day of asOf, in the tenant's zone"
WEEKS = "up to 30 full weeks back from the midnight of asOf's day"
PRODUCT_USE = "usage events"
TO_DATE = "all that happened before asOf"
SEATS = "usage events; ContractChanged, BillingChanged, MemberAdded and MemberChanged"
MEMBERS = "usage events; MemberAdded and MemberChanged of accounts"
TRAINING = SEATS + "; LearningChanged"
CATALOGUE = "usage events; the feature catalogue; BillingChanged for the plan"
PEERS = "usage events; standings of all accounts, measured once a week"

REGULAR_SHARE: Final = Definition(
    id="U1",
    version=2,
    title="Regular users",
    formula=(
        "users with a qualifying event in each of the last four weeks / users: members of the "
        "account at asOf, and whoever else was active in the 28 days; where accounts told no "
        "members, only the active are known; version 1 was over active members only"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=MEMBERS,
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
LOGIN_DAYS: Final = Definition(
    id="U1.login_days",
    version=1,
    title="Login days per active user",
    formula="days with a qualifying event, summed over active members / active members",
    unit="days",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
SEAT_UTILISATION: Final = Definition(
    id="U2.seat_utilisation",
    version=2,
    title="Seat utilisation",
    formula=(
        "assigned members with a qualifying event / purchased seats; all active members "
        "where no member was ever told; purchased: the largest running plan line's quantity "
        "(lines do not say what they count, so they are not added up), none where all lines "
        "ended; where billing told of no line, seats of the newest contract that began and has "
        "not ended; version 1 took the contract's seats first"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=SEATS,
)
SEAT_GAP: Final = Definition(
    id="U2",
    version=3,
    title="Seat gap",
    formula=(
        "max(0, 1 - seat utilisation); version 2 took seats of the contract before those of "
        "billing, version 1 counted members that were not assigned, too"
    ),
    unit="share",
    window=MONTH,
    direction="higher is worse",
    source=SEATS,
)
LOGIN_GAP: Final = Definition(
    id="U2.login_gap",
    version=2,
    title="Login gap",
    formula=(
        "max(0, 1 - assigned members who ever used the product / purchased seats as for "
        "U2.seat_utilisation); version 1 took the contract's seats first"
    ),
    unit="share",
    window=TO_DATE,
    direction="higher is worse",
    source=SEATS,
)
TRAINING_GAP: Final = Definition(
    id="U2.training_gap",
    version=3,
    title="Training gap",
    formula=(
        "max(0, 1 - assigned members who completed at least one required course / purchased "
        "seats as for U2.seat_utilisation); version 2 took the contract's seats first, version 1 "
        "counted every course"
    ),
    unit="share",
    window=TO_DATE,
    direction="higher is worse",
    source=TRAINING,
)
TRAINED_ACTIVE_GAP: Final = Definition(
    id="U2.trained_and_active_gap",
    version=3,
    title="Trained and active gap",
    formula=(
        "max(0, 1 - assigned members who completed a required course and have a qualifying "
        "event / purchased seats as for U2.seat_utilisation); version 2 took the contract's "
        "seats first, version 1 counted every course"
    ),
    unit="share",
    window=MONTH,
    direction="higher is worse",
    source=TRAINING,
)
OVERUSE: Final = Definition(
    id="U2.overuse",
    version=2,
    title="Overuse",
    formula=(
        "max(0, seat users - purchased seats as for U2.seat_utilisation); version 1 took the "
        "contract's seats first"
    ),
    unit="members",
    window=MONTH,
    direction="above 0 asks for more seats",
    source=SEATS,
)
BREADTH: Final = Definition(
    id="U3.org_breadth",
    version=2,
    title="Breadth in the organisation",
    formula=(
        "active members / intended users; / purchased seats as for U2.seat_utilisation where "
        "nobody told the intended users, and then said so; version 1 took the contract's seats "
        "first"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=SEATS,
)
PERSONA_BREADTH: Final = Definition(
    id="U3.persona_breadth",
    version=2,
    title="Breadth over personas",
    formula=(
        "intended personas that are the role of an active assigned member / intended personas: "
        "those that the use cases in force name, for all accounts alike, since accounts does not "
        "tell which of them an account intends; the roles of assigned members where no use case "
        "names one, and then said so; version 1 was always over the roles"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=MEMBERS + "; use cases",
)
TOP_SHARE: Final = Definition(
    id="U3.top_share",
    version=1,
    title="Share of the top user",
    formula=(
        "events of the busiest member / events of all members; events without a member do not count"
    ),
    unit="share",
    window=MONTH,
    direction="higher is worse",
    source=PRODUCT_USE,
)
HHI: Final = Definition(
    id="U3.hhi",
    version=1,
    title="Concentration, Herfindahl-Hirschman",
    formula=("sum over members of (share of events)^2; 1/members when even, 1 when one does all"),
    unit="index",
    window=MONTH,
    direction="higher is worse",
    source=PRODUCT_USE,
)
DEPTH: Final = Definition(
    id="U4",
    version=1,
    title="Depth",
    formula=(
        "distinct core features used, summed over active members / (active members x core "
        "features of the plan)"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=CATALOGUE,
)
NEW_FEATURES: Final = Definition(
    id="U5.new_features",
    version=1,
    title="New features per user",
    formula="pairs of member and feature first used in the window / active members",
    unit="features per member",
    window=MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
LEVEL: Final = Definition(
    id="U5.level",
    version=1,
    title="Level reached",
    formula="highest tier with at least 3 uses: 1 basic, 2 intermediate, 3 advanced",
    unit="level",
    window=MONTH,
    direction="higher is better",
    source=CATALOGUE,
)
STICKY_SHARE: Final = Definition(
    id="U6",
    version=1,
    title="Sticky share",
    formula="events on sticky features / events; uncatalogued features count below the line",
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=CATALOGUE,
)
EVENTS_PER_USER: Final = Definition(
    id="U8.events_per_settled_user",
    version=1,
    title="Events per settled user",
    formula=(
        "events of active members who began at least 90 days ago / those members; began: as "
        "accounts tells, else the first event"
    ),
    unit="events per member",
    window=MONTH,
    direction="higher is better",
    source=MEMBERS,
)
DAYS_PER_USER: Final = Definition(
    id="U8.days_per_settled_user",
    version=1,
    title="Active days per settled user",
    formula=(
        "days with a qualifying event of active members who began at least 90 days ago / "
        "those members"
    ),
    unit="days per member",
    window=MONTH,
    direction="higher is better",
    source=MEMBERS,
)
BUSINESS_DAU_MAU: Final = Definition(
    id="U14.business_days",
    version=1,
    title="Stickiness on business days",
    formula=(
        "mean over Mondays to Fridays of distinct daily members / distinct members of those days"
    ),
    unit="share",
    window=WHOLE_MONTH,
    direction="higher is better",
    source=PRODUCT_USE,
)
TREND_RATIO: Final = Definition(
    id="U15.ratio",
    version=1,
    title="Last week against the usual",
    formula="events of the last full week / median of up to 30 full weeks, at least 8",
    unit="ratio",
    window=WEEKS,
    direction="below 1 is less than usual",
    source=PRODUCT_USE,
)
TREND_Z: Final = Definition(
    id="U15.z",
    version=1,
    title="Last week, robust z",
    formula=(
        "0.6745 x (last full week - median) / median absolute deviation, of up to 30 full "
        "weeks, at least 8"
    ),
    unit="deviations",
    window=WEEKS,
    direction="below 0 is less than usual",
    source=PRODUCT_USE,
)
LOW_USAGE: Final = Definition(
    id="U16",
    version=2,
    title="Use against peers",
    formula=(
        "active members / median of active members of at least 8 other accounts of the same "
        "contract age and plan, else of the same age; while none were measured, of up to 40 "
        "looked at as at the last midnight; low below 0.5, or with U15.z below -2 two weeks "
        "running; version 1 counted the account among its own peers"
    ),
    unit="ratio",
    window=MONTH,
    direction="below 0.5 is low",
    source=PEERS,
)
FEATURE_ADOPTION: Final = Definition(
    id="U17",
    version=2,
    title="Feature adoption",
    formula=(
        "active members with at least 3 uses / active members, of accounts entitled to the "
        "feature; version 1 counted members with 3 uses of what does not qualify, too"
    ),
    unit="share",
    window=MONTH,
    direction="higher is better",
    source=CATALOGUE,
)

DEFINITIONS: Final = by_id(
    REGULAR_SHARE,
    ACTIVE_MEMBERS,
    FEATURES_USED,
    EVENTS,
    DAU_MAU,
    TREND,
    LOGIN_DAYS,
    SEAT_UTILISATION,
    SEAT_GAP,
    LOGIN_GAP,
    TRAINING_GAP,
    TRAINED_ACTIVE_GAP,
    OVERUSE,
    BREADTH,
    PERSONA_BREADTH,
    TOP_SHARE,
    HHI,
    DEPTH,
    NEW_FEATURES,
    LEVEL,
    STICKY_SHARE,
    EVENTS_PER_USER,
    DAYS_PER_USER,
    BUSINESS_DAU_MAU,
    TREND_RATIO,
    TREND_Z,
    LOW_USAGE,
    FEATURE_ADOPTION,
    *JOURNEYS,
)
