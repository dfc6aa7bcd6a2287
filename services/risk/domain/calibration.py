"""Calibration of a published model: forecast against what came, by horizon and kind of account."""

from dataclasses import dataclass
from typing import Final

from shared.vocabulary.evidence import Evidence, Horizon, Segment

MONTH_OF: Final = {30: 1, 60: 2, 90: 3, 180: 6, 365: 12}
"""Horizons that calibration is shown for, in days and in months."""

DAYS_OF: Final = {month: days for days, month in MONTH_OF.items()}
LEAST_LOST: Final = 10
"""Rows lost below which seen over forecast says little."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rows lost by a horizon, the mean chance forecast, and the share seen."""

    lost: int
    forecast: float
    seen: float

    @property
    def ratio(self) -> float | None:
        """Seen over forecast; None where it says little."""
        return self.seen / self.forecast if self.lost >= LEAST_LOST and self.forecast else None


@dataclass(frozen=True, slots=True)
class SegmentCalibration(Calibration):
    """Of one kind of rows."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class HorizonCalibration(Calibration):
    """Of all rows, and by kind where they were followed so long."""

    horizon_days: int
    ici: float | None
    segments: list[SegmentCalibration]


def by_horizon(evidence: Evidence) -> list[HorizonCalibration]:
    """Calibration by every horizon that was judged."""
    return [
        HorizonCalibration(
            lost=one.lost,
            forecast=one.predicted,
            seen=one.observed,
            horizon_days=DAYS_OF[one.month],
            ici=one.ici,
            segments=_segments(evidence.segments, one),
        )
        for one in evidence.calibration
    ]


def _segments(segments: list[Segment], horizon: Horizon) -> list[SegmentCalibration]:
    month = horizon.month
    return [
        SegmentCalibration(
            lost=one.losses[month],
            forecast=one.expected[month],
            seen=one.seen[month],
            name=one.name,
            rows=one.rows,
        )
        for one in segments
        if month < len(one.seen)
    ]
