"""What a model was judged on: calibration by horizon and segment, and days gone back to."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import strawberry

from services.risk.schema.values import ModelMetric, to_metrics
from shared.vocabulary import evidence as judged

MONTH_OF: Final = {30: 1, 60: 2, 90: 3, 180: 6, 365: 12}
"""Horizons that calibration is told for, in days and in months."""

DAYS_OF: Final = {month: days for days, month in MONTH_OF.items()}
LEAST_LOST: Final = 10
"""Rows lost below which seen over forecast says little."""


@strawberry.type(description="Accounts of like forecast, not fitted to: what was said, what came.")
class CalibrationBin:
    forecast: float = strawberry.field(description="Mean chance of churn forecast, 0 to 1.")
    seen: float = strawberry.field(description="Share lost by then (Kaplan–Meier), 0 to 1.")
    rows: int = strawberry.field(description="How many rows; an account gives one a month.")

    @classmethod
    def of(cls, one: judged.Bin) -> "CalibrationBin":
        return cls(forecast=one.predicted, seen=one.observed, rows=one.rows)


@strawberry.type(description="Forecast and seen of one part of the accounts, or of all.")
class CalibrationGroup:
    name: str = strawberry.field(
        description="Place on the renewal clock (monthly, r01 to r12 by months to renewal, none),"
        " or a trait's value."
    )
    rows: int = strawberry.field(description="How many rows it is judged by.")
    lost: int = strawberry.field(description="How many of them were lost by then.")
    forecast: float = strawberry.field(description="Mean chance of churn forecast, 0 to 1.")
    seen: float = strawberry.field(description="Share lost by then (Kaplan–Meier), 0 to 1.")
    ratio: float | None = strawberry.field(
        description=f"Seen over forecast; 1 is right. Null below {LEAST_LOST} losses."
    )

    @classmethod
    def of(cls, one: judged.Segment, month: int) -> "CalibrationGroup":
        seen, forecast, lost = one.seen[month], one.expected[month], one.losses[month]
        return cls(
            name=one.name,
            rows=one.rows,
            lost=lost,
            forecast=forecast,
            seen=seen,
            ratio=ratio_of(seen, forecast, lost),
        )


@strawberry.type(description="How well chances of churn by a horizon agree with what came.")
class HorizonCalibration:
    horizon_days: int = strawberry.field(description="Days ahead: 30, 60, 90, 180 or 365.")
    lost: int = strawberry.field(description="Rows lost by then.")
    forecast: float = strawberry.field(description="Mean chance of churn forecast, 0 to 1.")
    seen: float = strawberry.field(description="Share lost by then (Kaplan–Meier), 0 to 1.")
    ratio: float | None = strawberry.field(
        description=f"Seen over forecast; 1 is right. Null below {LEAST_LOST} losses."
    )
    ici: float | None = strawberry.field(
        description="Mean distance between forecast and the smoothed curve of what was seen, 0 to"
        " 1; lower is better. Null where too few were lost to draw it."
    )
    segments: list[CalibrationGroup] = strawberry.field(
        description="The same by part of the accounts; empty beyond the last month followed."
    )

    @classmethod
    def of(cls, one: judged.Horizon, parts: Sequence[judged.Segment]) -> "HorizonCalibration":
        known = [part for part in parts if one.month < len(part.seen)]
        return cls(
            horizon_days=DAYS_OF[one.month],
            lost=one.lost,
            forecast=one.predicted,
            seen=one.observed,
            ratio=ratio_of(one.observed, one.predicted, one.lost),
            ici=one.ici,
            segments=[CalibrationGroup.of(part, one.month) for part in known],
        )


def ratio_of(seen: float, forecast: float, lost: int) -> float | None:
    """Seen over forecast; None where it says little."""
    return seen / forecast if lost >= LEAST_LOST and forecast else None


@strawberry.type(
    description="The version's recipe fitted to what was known on a day that has passed, judged by"
    " what came after it."
)
class BacktestWindow:
    origin: date = strawberry.field(description="The day gone back to.")
    months: int = strawberry.field(description="Months that were followed from there.")
    accounts: int = strawberry.field(description="Accounts at risk on that day.")
    lost: int = strawberry.field(description="Those of them lost within these months.")
    metrics: list[ModelMetric] = strawberry.field(description="Figures there, by name.")

    @classmethod
    def of(cls, one: judged.Origin) -> "BacktestWindow":
        return cls(
            origin=one.day,
            months=one.months,
            accounts=one.accounts,
            lost=one.lost,
            metrics=to_metrics(one.figures),
        )
