"""Calibration of a published model: forecast against what came, by horizon and kind of account."""

from dataclasses import dataclass
from typing import Final

from shared.vocabulary.evidence import Evidence, Segment

MONTH_OF: Final = {30: 1, 60: 2, 90: 3, 180: 6, 365: 12}
"""Horizons that calibration is shown for, in days and in months."""

DAYS_OF: Final = {month: days for days, month in MONTH_OF.items()}
MIN_LOSSES: Final = 10
"""Fewer rows lost than this say little about seen over forecast."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Rows lost by a horizon, the mean chance forecast, and the share seen."""

    lost: int
    forecast: float
    seen: float

    @property
    def ratio(self) -> float | None:
        """Seen over forecast; None where it says little."""
        return self.seen / self.forecast if self.lost >= MIN_LOSSES and self.forecast else None


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
    return [
        HorizonCalibration(
            lost=horizon.lost,
            forecast=horizon.predicted,
            seen=horizon.observed,
            horizon_days=DAYS_OF[horizon.month],
            ici=horizon.ici,
            segments=_segments(evidence.segments, horizon.month),
        )
        for horizon in evidence.calibration
    ]


def _segments(segments: list[Segment], month: int) -> list[SegmentCalibration]:
    return [
        SegmentCalibration(
            lost=segment.losses[month],
            forecast=segment.expected[month],
            seen=segment.seen[month],
            name=segment.name,
            rows=segment.rows,
        )
        for segment in segments
        if month < len(segment.seen)
    ]
