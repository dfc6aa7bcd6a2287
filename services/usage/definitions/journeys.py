"""What the numbers of sessions, habits, journeys and renewals mean."""

from typing import Final

from shared.vocabulary.definition import Definition

DAYS_28: Final = "28 whole days before the day of asOf, in the tenant's zone"
DAYS_180: Final = "180 whole days before the day of asOf, in the tenant's zone"
SINCE_START: Final = "from the first contract's start to asOf"
USE: Final = "usage events"
PLANS: Final = "usage events; milestones; contracts (fact ContractChanged)"
CASES: Final = "usage events; use cases"


def _per_user(name: str, title: str, formula: str, unit: str) -> Definition:
    return Definition(name, 1, title, formula, unit, DAYS_28, "higher is better", USE)


MINUTES_PER_USER: Final = _per_user(
    "U8.active_minutes_per_user",
    "Active minutes per active user",
    "minutes between a member's events within sessions (idle for 30 minutes or more ends one; "
    "a session of one event has no length) / active members",
    "minutes",
)
SESSIONS_PER_USER: Final = _per_user(
    "U8.sessions_per_user",
    "Sessions per active user",
    "sessions (idle for 30 minutes or more ends one) / active members",
    "sessions",
)
HABIT: Final = Definition(
    "U9.habit",
    1,
    "Habit",
    "active members with the core action in at least 3 of the last 4 natural periods / active "
    "members (an event in 28 days)",
    "share",
    "4 whole natural periods of the use case before the day of asOf",
    "higher is better",
    CASES,
)
PROGRESS: Final = Definition(
    "U9.progress",
    1,
    "Milestone progress",
    "weight of the required milestones reached / weight of the required milestones",
    "share",
    SINCE_START,
    "higher is better",
    PLANS,
)
FREQUENCY: Final = Definition(
    "U13.frequency",
    1,
    "Use frequency",
    "median over members of each one's median days between days with the core action; "
    "members with one such day have none; of an account, of each role of its members, and of a "
    "segment, which is a set of accounts whose members are taken together",
    "days",
    DAYS_180,
    "lower is better",
    CASES,
)
FORGETTABLE: Final = Definition(
    "U13.forgettable",
    1,
    "Forgettable share",
    "members whose median days between days with the core action exceed the larger of 30 and the "
    "use case's natural frequency / members judged; who acted on one day only is judged once that "
    "is longer ago than the same bound; at least 5 members; of an account, a role or a segment",
    "share",
    DAYS_180,
    "higher is worse",
    CASES,
)
AFTER_SET: Final = Definition(
    "U7",
    1,
    "Change after a feature set",
    "events in the 28 days after the day the milestone's features were completed / events in the "
    "28 days before that day - 1; needs 28 days of use before and 28 whole days after",
    "share",
    "28 days before and 28 days after the day of completion",
    "at or below -0.3 is raised",
    PLANS,
)
REQUIRED_RATE: Final = Definition(
    "U10",
    1,
    "Required tasks done",
    "required milestones due within N days and reached within N days of the first contract's "
    "start / required milestones due within N days; no value before day N",
    "share",
    "N = 30, 60 or 90 days from the first contract's start",
    "higher is better",
    PLANS,
)
OVERDUE: Final = Definition(
    "U10.overdue",
    1,
    "Overdue tasks",
    "required milestones not reached whose due day has passed",
    "milestones",
    SINCE_START,
    "higher is worse",
    PLANS,
)
TIME_TO_VALUE: Final = Definition(
    "U11",
    1,
    "Time to value",
    "days from the first contract's start to the day the value milestone was reached "
    "(0 when it was reached before); none while it is not",
    "days",
    SINCE_START,
    "lower is better",
    PLANS,
)
TIME_TO_VALUE_MEDIAN: Final = Definition(
    "U11.median",
    1,
    "Median time to value",
    "Kaplan-Meier median of the days to value; accounts without value yet are censored at asOf, "
    "lost ones at their end",
    "days",
    SINCE_START,
    "lower is better",
    PLANS,
)
VALUE_SHARE: Final = Definition(
    "U11.share",
    1,
    "Share with value by day N",
    "1 - Kaplan-Meier survival at day N (30, 60, 90); none when nobody is followed that long",
    "share",
    SINCE_START,
    "higher is better",
    PLANS,
)
CONVERSION: Final = Definition(
    "U18.conversion",
    1,
    "Conversion of a step",
    "accounts that reached this and all earlier milestones / accounts that reached all earlier",
    "share",
    "accounts whose first contract started in the cohort, until asOf",
    "higher is better",
    PLANS,
)
REACHED_SHARE: Final = Definition(
    "U18.reached",
    1,
    "Share that got this far",
    "accounts that reached this and all earlier milestones / accounts of the cohort",
    "share",
    "accounts whose first contract started in the cohort, until asOf",
    "higher is better",
    PLANS,
)
DROP_OFF: Final = Definition(
    "U18.drop_off",
    1,
    "Drop-off at a step",
    "accounts that reached all earlier milestones and not this one (yet)",
    "accounts",
    "accounts whose first contract started in the cohort, until asOf",
    "higher is worse",
    PLANS,
)
STEP_DAYS: Final = Definition(
    "U18.days",
    1,
    "Days to a step",
    "median days from the first contract's start until this and all earlier milestones were "
    "reached; completed only, so biased low",
    "days",
    "accounts whose first contract started in the cohort, until asOf",
    "lower is better",
    PLANS,
)
MEMBERS_STARTED: Final = "members who started in the cohort, until asOf"
MEMBER_SOURCE: Final = "usage events; milestones; MemberAdded and MemberChanged of accounts"
MEMBER_CONVERSION: Final = Definition(
    "U18.member_conversion",
    1,
    "Conversion of a step, members",
    "members who used every feature of this and all earlier milestones / members who did so of "
    "all earlier; started: as accounts tells, or at the first use where that was earlier or "
    "nobody told; milestones without kUsers are no member's steps",
    "share",
    MEMBERS_STARTED,
    "higher is better",
    MEMBER_SOURCE,
)
MEMBER_REACHED_SHARE: Final = Definition(
    "U18.member_reached",
    1,
    "Share of members that got this far",
    "members who used every feature of this and all earlier milestones / members of the cohort",
    "share",
    MEMBERS_STARTED,
    "higher is better",
    MEMBER_SOURCE,
)
MEMBER_DROP_OFF: Final = Definition(
    "U18.member_drop_off",
    1,
    "Drop-off at a step, members",
    "members who reached all earlier milestones and not this one (yet), those that left included",
    "members",
    MEMBERS_STARTED,
    "higher is worse",
    MEMBER_SOURCE,
)
MEMBER_STEP_DAYS: Final = Definition(
    "U18.member_days",
    1,
    "Days to a step, members",
    "median days from the member's start until this and all earlier milestones were reached; "
    "completed only, so biased low",
    "days",
    MEMBERS_STARTED,
    "lower is better",
    MEMBER_SOURCE,
)
DAYS_30: Final = "30 whole days before the day of asOf, in the tenant's zone"
DAU_MAU_30: Final = Definition(
    "U14.days_30",
    1,
    "Stickiness, DAU/MAU over 30 days",
    "mean over the days of distinct daily members / distinct members of the window",
    "share",
    DAYS_30,
    "higher is better",
    USE,
)
BUSINESS_DAU_MAU_30: Final = Definition(
    "U14.business_days_30",
    1,
    "Stickiness on business days over 30 days",
    "mean over Mondays to Fridays of distinct daily members / distinct members of those days",
    "share",
    DAYS_30,
    "higher is better",
    USE,
)
REPEATED: Final = Definition(
    "U20",
    1,
    "Repeated manual work",
    "members who used the rule's feature at least n times in one day, or one week from Monday",
    "members",
    DAYS_28,
    "an opening for the product named",
    "usage events; manual work rules",
)
RETAINED: Final = (
    "Mantel-Haenszel odds ratio of being retained, feature used at least 3 times in the 90 days "
    "before the 90-day renewal window against not, over strata of account age, plan, term and "
    "seats; the latest decided renewal of each account that was a customer for 180 days, at most "
    "the 5,000 latest; at least 20 renewals, 5 with and 5 without; an association, not an effect"
)


def _association(name: str, title: str, formula: str) -> Definition:
    window, direction = "from 180 to 90 days before the renewal", "above 1 goes with retention"
    return Definition(name, 1, title, formula, "odds ratio", window, direction, PLANS)


ASSOCIATION: Final = _association("U21", "Odds ratio of retention", RETAINED)
INTERVAL: Final = "interval of Robins, Breslow and Greenland of the odds ratio U21"
ASSOCIATION_LOW: Final = _association(
    "U21.low", "Odds ratio of retention, from", f"lower end of the 95 % {INTERVAL}"
)
ASSOCIATION_HIGH: Final = _association(
    "U21.high", "Odds ratio of retention, to", f"upper end of the 95 % {INTERVAL}"
)

JOURNEYS: Final = (
    MINUTES_PER_USER, SESSIONS_PER_USER, HABIT, PROGRESS, FREQUENCY,
    FORGETTABLE, AFTER_SET, REQUIRED_RATE, OVERDUE, TIME_TO_VALUE, TIME_TO_VALUE_MEDIAN,
    VALUE_SHARE, CONVERSION, REACHED_SHARE, DROP_OFF, STEP_DAYS, MEMBER_CONVERSION,
    MEMBER_REACHED_SHARE, MEMBER_DROP_OFF, MEMBER_STEP_DAYS, DAU_MAU_30, BUSINESS_DAU_MAU_30,
    REPEATED, ASSOCIATION, ASSOCIATION_LOW, ASSOCIATION_HIGH,
)  # fmt: skip
