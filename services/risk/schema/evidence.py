"""The evidence on a model: calibration by horizon and segment, and backtests."""

from datetime import date

from services.risk.domain import calibration as calibration_domain
from services.risk.domain.calibration import MIN_LOSSES
from services.risk.schema.values import ModelMetric, to_metrics
from shared.graphql.showing import Shown, shown
from shared.vocabulary import evidence


class CalibrationBin(
    Shown[evidence.Bin],
    description="Accounts with a similar forecast that the model was not fitted to.",
):
    forecast: float = shown("Mean chance of churn forecast, 0 to 1.", of="predicted")
    seen: float = shown("Share lost by then (Kaplan–Meier), 0 to 1.", of="observed")
    rows: int = shown("How many rows there are; an account gives one for each month.")


class CalibrationGroup(
    Shown[calibration_domain.SegmentCalibration],
    description="What was forecast and what was seen of one part of the accounts, or of all.",
):
    name: str = shown(
        "The place on the renewal clock (monthly, r01 to r12 by months to renewal, none), or the"
        " value of a trait."
    )
    rows: int = shown("How many rows there are.")
    lost: int = shown("How many of them were lost by then.")
    forecast: float = shown("Mean chance of churn forecast, 0 to 1.")
    seen: float = shown("Share lost by then (Kaplan–Meier), 0 to 1.")
    ratio: float | None = shown(f"Seen over forecast; 1 is right. Null below {MIN_LOSSES} losses.")


class HorizonCalibration(
    Shown[calibration_domain.HorizonCalibration],
    description="How well chances of churn by a horizon agree with what came.",
):
    horizon_days: int = shown("How many days ahead: 30, 60, 90, 180 or 365.")
    lost: int = shown("How many rows were lost by then.")
    forecast: float = shown("Mean chance of churn forecast, 0 to 1.")
    seen: float = shown("Share lost by then (Kaplan–Meier), 0 to 1.")
    ratio: float | None = shown(f"Seen over forecast; 1 is right. Null below {MIN_LOSSES} losses.")
    ici: float | None = shown(
        "Mean distance between the forecast and the smoothed curve of what was seen, 0 to 1; lower"
        " is better. Null where too few were lost to draw it."
    )
    segments: list[CalibrationGroup] = shown(
        "The same by part of the accounts; empty beyond the last month that was followed."
    )


class BacktestWindow(
    Shown[evidence.Origin],
    description="The version's recipe, fitted to what was known on a day that has passed and judged"
    " by what came after it.",
):
    origin: date = shown("The day on which it was fitted.", of="day")
    months: int = shown("How many months were followed from there.")
    accounts: int = shown("How many accounts were at risk on that day.")
    lost: int = shown("How many of them were lost within these months.")
    metrics: list[ModelMetric] = shown("Its figures by name.", of="figures", by=to_metrics)
