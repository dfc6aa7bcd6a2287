"""Tables and plots of the documentation, made by the commands that measure."""

# The types of matplotlib leave much unknown.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ml import evaluate, metrics
from ml.features import Floats
from ml.frame import Frame, TrainingRefused
from ml.metrics import Outcome
from ml.model import fit

INK: Final = "#222831"
COLOURS: Final = ("#1f6f8b", "#d1603d", "#7a9e3f", "#8a5a9e")


def write_table(page: Path, name: str, summary: Mapping[str, tuple[float, float]]) -> None:
    """Put a table between the page's markers `<!-- name: begin -->` and `<!-- name: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise TrainingRefused(f"{page} has no place marked {begin} … {end}")
    head, _, rest = text.partition(begin)
    rows = "".join(
        f"| {evaluate.FIGURES.get(figure, figure)} | {mean:.4f} | {spread:.4f} |\n"
        for figure, (mean, spread) in summary.items()
    )
    table = f"\n| figure | mean | sd over splits |\n|---|---|---|\n{rows}"
    page.write_text(head + begin + table + end + rest.partition(end)[2], encoding="utf-8")


def draw_telco(frame: Frame, folder: Path) -> list[Path]:
    """Calibration at twelve months and survival by contract, on the first split's held-out rows."""
    kept, held = evaluate.split(frame, 0)
    training, held_out = frame.take(kept), frame.take(held)
    survival = evaluate.survival_by_month(evaluate.ready(fit(training)), held_out)
    folder.mkdir(parents=True, exist_ok=True)
    calibration, curves = folder / "telco-calibration.png", folder / "telco-survival.png"
    _calibration(held_out, 1 - survival[:, 12], calibration)
    _survival(held_out, survival, curves)
    return [calibration, curves]


def _axes(title: str, across: str, up: str) -> tuple[Figure, Any]:
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": INK, "text.color": INK}):
        figure = Figure(figsize=(6.4, 4.4), dpi=120, layout="constrained")
        axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
    return figure, axes


def _calibration(held_out: Frame, churn: Floats, path: Path) -> None:
    outcome = evaluate.outcome_of(held_out)
    order = np.argsort(churn)
    smooth = metrics.observed(outcome, churn, 12)
    figure, axes = _axes(
        "Telco, held out: churn within 12 months", "predicted", "observed (Kaplan–Meier)"
    )
    top = float(max(churn.max(), smooth.max())) * 1.05
    axes.plot([0, top], [0, top], color=INK, linewidth=0.8, linestyle=":", label="ideal")
    axes.plot(churn[order], smooth[order], color=COLOURS[0], label="smoothed")
    for tenth in np.array_split(order, 10):
        group = Outcome(outcome.duration[tenth], outcome.event[tenth])
        curve = metrics.kaplan_meier(group)
        seen = 1 - curve[min(12, len(curve) - 1)]
        axes.plot(churn[tenth].mean(), seen, "o", color=COLOURS[1], markersize=5)
    axes.plot([], [], "o", color=COLOURS[1], markersize=5, label="tenths of the accounts")
    axes.hist(churn, bins=40, weights=np.full(len(churn), top * 0.5 / len(churn)), alpha=0.2)
    axes.legend(frameon=False)
    axes.set_xlim(0, top)
    figure.savefig(path, metadata={"Software": None})


def _survival(held_out: Frame, survival: Floats, path: Path) -> None:
    figure, axes = _axes("Telco, held out: staying, by contract", "months", "share still there")
    contract = np.array(held_out.columns["Contract"].tolist())
    for colour, kind in zip(COLOURS, np.unique(contract).tolist(), strict=False):
        at = contract == kind
        seen = metrics.kaplan_meier(Outcome(held_out.duration[at], held_out.event[at]))
        axes.step(np.arange(len(seen)), seen, where="post", color=colour, label=f"{kind}: seen")
        expected = survival[at].mean(axis=0)
        axes.plot(expected, color=colour, linestyle="--", label=f"{kind}: predicted")
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Software": None})
