"""How urgent an account is, by its chance of churn."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BAND_DAYS: Final = 90


class RiskBand(StrEnum):
    LOW = "LOW"
    ELEVATED = "ELEVATED"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class BandRule:
    """From which chance of churn within 90 days a band begins."""

    version: int
    elevated_from: float
    high_from: float

    def of(self, churn_90: float) -> RiskBand:
        if churn_90 >= self.high_from:
            return RiskBand.HIGH
        return RiskBand.ELEVATED if churn_90 >= self.elevated_from else RiskBand.LOW


BANDS: Final = BandRule(version=1, elevated_from=0.10, high_from=0.30)
