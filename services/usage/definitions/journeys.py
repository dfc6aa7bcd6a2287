"""What the numbers of journeys, sessions and habits mean, a line each in the file beside."""

from pathlib import Path
from typing import Final

from shared.vocabulary import definition

JOURNEYS: Final = definition.read(Path(__file__).with_suffix(".csv"))

MINUTES_PER_USER: Final = JOURNEYS["U8.active_minutes_per_user"]
SESSIONS_PER_USER: Final = JOURNEYS["U8.sessions_per_user"]
HABIT: Final = JOURNEYS["U9.habit"]
PROGRESS: Final = JOURNEYS["U9.progress"]
FREQUENCY: Final = JOURNEYS["U13.frequency"]
FORGETTABLE: Final = JOURNEYS["U13.forgettable"]
AFTER_SET: Final = JOURNEYS["U7"]
REQUIRED_RATE: Final = JOURNEYS["U10"]
OVERDUE: Final = JOURNEYS["U10.overdue"]
TIME_TO_VALUE: Final = JOURNEYS["U11"]
TIME_TO_VALUE_MEDIAN: Final = JOURNEYS["U11.median"]
VALUE_SHARE: Final = JOURNEYS["U11.share"]
CONVERSION: Final = JOURNEYS["U18.conversion"]
REACHED_SHARE: Final = JOURNEYS["U18.reached"]
DROP_OFF: Final = JOURNEYS["U18.drop_off"]
STEP_DAYS: Final = JOURNEYS["U18.days"]
MEMBER_CONVERSION: Final = JOURNEYS["U18.member_conversion"]
MEMBER_REACHED_SHARE: Final = JOURNEYS["U18.member_reached"]
MEMBER_DROP_OFF: Final = JOURNEYS["U18.member_drop_off"]
MEMBER_STEP_DAYS: Final = JOURNEYS["U18.member_days"]
DAU_MAU_30: Final = JOURNEYS["U14.days_30"]
BUSINESS_DAU_MAU_30: Final = JOURNEYS["U14.business_days_30"]
MANUAL_WORK: Final = JOURNEYS["U20"]
ASSOCIATION: Final = JOURNEYS["U21"]
ASSOCIATION_LOW: Final = JOURNEYS["U21.low"]
ASSOCIATION_HIGH: Final = JOURNEYS["U21.high"]
