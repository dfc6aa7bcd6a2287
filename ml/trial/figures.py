"""Plots of the forecast beside known truth."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from ml.backtesting.backtest import Rows
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring.renewal_clock import HORIZON_MONTHS
from ml.trial.trial import BOOSTED, FORECAST, KAPLAN_MEIER, TRUTH

COLOURS: Final = {
    FORECAST: "#1f5fa8",
    BOOSTED: "#c2571a",
    KAPLAN_MEIER: "#7a7a7a",
    TRUTH: "#2c7a3f",
}
SHOWN_MONTHS: Final = (3, 6, 12)


def draw(rows: Rows, folder: Path) -> list[Path]:
    """Calibration by horizon, and each forecast against the truth account by account."""
    folder.mkdir(parents=True, exist_ok=True)
    calibration = folder / "simulation-calibration.png"
    truth = folder / "simulation-truth.png"
    _calibration(rows, calibration)
    _truth(rows, truth)
    return [calibration, truth]


def _calibration(rows: Rows, path: Path) -> None:
    """Tenths of the forecast against what happened, and against what was true."""
    figure = Figure(figsize=(10.5, 3.8), dpi=110, layout="constrained")
    panels = figure.subplots(1, len(SHOWN_MONTHS))
    for axes, month in zip(panels, SHOWN_MONTHS, strict=True):
        churn = 1 - rows.survival[FORECAST][:, month]
        true = 1 - rows.survival[TRUTH][:, month]
        tenths = np.array_split(np.argsort(churn, kind="stable"), 10)
        expected = [float(churn[tenth].mean()) for tenth in tenths]
        observed = [_observed(rows, tenth, month) for tenth in tenths]
        top = max(expected + observed) * 1.1
        axes.plot([0, top], [0, top], ":", color="#333333", linewidth=0.8)
        axes.plot(expected, observed, "o", color=COLOURS[FORECAST], label="happened")
        means = [float(true[tenth].mean()) for tenth in tenths]
        axes.plot(expected, means, "_", markersize=11, color=COLOURS[TRUTH], label="true chance")
        axes.set_title(f"within {month} months", loc="left", fontsize=10)
        axes.set_xlabel("predicted, mean of a tenth")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
    panels[0].set_ylabel("share that churned")
    panels[0].legend(frameon=False)
    figure.savefig(path, metadata={"Software": None})


def _observed(rows: Rows, tenth: np.ndarray, month: int) -> float:
    part = rows.take(tenth)
    curve = metrics.kaplan_meier(Outcome(part.duration, part.event))
    return float(1 - curve[min(month, len(curve) - 1)])


def _truth(rows: Rows, path: Path) -> None:
    """Predicted against true chance, a dot an account, with the mean truth by predicted tenth."""
    figure = Figure(figsize=(10.5, 3.8), dpi=110, layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    true = 1 - rows.survival[TRUTH][:, HORIZON_MONTHS]
    for axes, model in zip(panels, (FORECAST, BOOSTED, KAPLAN_MEIER), strict=True):
        churn = 1 - rows.survival[model][:, HORIZON_MONTHS]
        axes.plot(churn, true, ".", markersize=2, alpha=0.25, color=COLOURS[model])
        axes.plot([0, 1], [0, 1], ":", color="#333333", linewidth=0.8)
        away = float(np.sqrt(np.mean((churn - true) ** 2)))
        axes.set_title(f"{model}: off by {away:.3f} (r.m.s.)", loc="left", fontsize=10)
        axes.set_xlabel("predicted, 12 months")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("true chance")
    figure.savefig(path, metadata={"Software": None})
