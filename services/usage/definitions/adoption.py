"""What every number of adoption means, a line each in the file beside.

A changed formula is a new version; what was answered under the old one keeps its meaning.
"""

from pathlib import Path
from typing import Final

from shared.vocabulary import definition

ADOPTION: Final = definition.read(Path(__file__).with_suffix(".csv"))

REGULAR_SHARE: Final = ADOPTION["U1"]
ACTIVE_MEMBERS: Final = ADOPTION["U1.active_members"]
FEATURES_USED: Final = ADOPTION["U4.features_used"]
EVENTS: Final = ADOPTION["U8.events"]
DAU_MAU: Final = ADOPTION["U14"]
TREND: Final = ADOPTION["U15"]
LOGIN_DAYS: Final = ADOPTION["U1.login_days"]
SEAT_UTILISATION: Final = ADOPTION["U2.seat_utilisation"]
SEAT_GAP: Final = ADOPTION["U2"]
LOGIN_GAP: Final = ADOPTION["U2.login_gap"]
TRAINING_GAP: Final = ADOPTION["U2.training_gap"]
TRAINED_ACTIVE_GAP: Final = ADOPTION["U2.trained_and_active_gap"]
OVERUSE: Final = ADOPTION["U2.overuse"]
BREADTH: Final = ADOPTION["U3.org_breadth"]
PERSONA_BREADTH: Final = ADOPTION["U3.persona_breadth"]
TOP_SHARE: Final = ADOPTION["U3.top_share"]
HHI: Final = ADOPTION["U3.hhi"]
DEPTH: Final = ADOPTION["U4"]
NEW_FEATURES: Final = ADOPTION["U5.new_features"]
LEVEL: Final = ADOPTION["U5.level"]
STICKY_SHARE: Final = ADOPTION["U6"]
EVENTS_PER_USER: Final = ADOPTION["U8.events_per_settled_user"]
DAYS_PER_USER: Final = ADOPTION["U8.days_per_settled_user"]
BUSINESS_DAU_MAU: Final = ADOPTION["U14.business_days"]
TREND_RATIO: Final = ADOPTION["U15.ratio"]
TREND_Z: Final = ADOPTION["U15.z"]
LOW_USAGE: Final = ADOPTION["U16"]
FEATURE_ADOPTION: Final = ADOPTION["U17"]
