"""Plots and tables that the commands write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ml.frames.frame import TrainingRefused
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring.effects import Ratio
from ml.scoring.features import Floats, level_of

INK: Final = "#222831"
COLOURS: Final = ("#1f6f8b", "#d1603d", "#7a9e3f", "#8a5a9e", "#c9a227", "#5c6770")
MAX_EFFECTS: Final = 16


def write_between(page: Path, name: str, text: str) -> None:
    """Put text between the page's markers `<!-- name: begin -->` and `<!-- name: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = page.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        raise TrainingRefused(f"{page} has no place marked {begin} … {end}")
    head, _, rest = whole.partition(begin)
    page.write_text(f"{head}{begin}\n{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


def _axes(title: str, across: str, up: str, height: float = 4.4) -> tuple[Figure, Any]:
    with mpl.rc_context({"font.size": 10, "axes.edgecolor": INK, "text.color": INK}):
        figure = Figure(figsize=(6.8, height), dpi=120, layout="constrained")
        axes = figure.add_subplot()
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)
    return figure, axes


def _saved(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})  # the same bytes from the same figures
    return path


def draw_calibration(path: Path, title: str, outcome: Outcome, churn: Floats, rank: int) -> Path:
    """Predicted against observed chance of being lost by the end of one step."""
    order = np.argsort(churn)
    smooth = metrics.observed(outcome, churn, rank)
    figure, axes = _axes(title, "predicted", "observed")
    points = [_tenth(outcome, churn, at, rank) for at in np.array_split(order, 10) if len(at)]
    values = [churn.max(), *(observed for _, observed in points), *smooth[np.isfinite(smooth)]]
    top = min(float(max(values)) * 1.05, 1.0)
    axes.plot([0, top], [0, top], color=INK, linewidth=0.8, linestyle=":", label="ideal")
    axes.plot(churn[order], smooth[order], color=COLOURS[0], label="smoothed")
    axes.plot(
        *zip(*points, strict=True),
        "o",
        color=COLOURS[1],
        markersize=5,
        label="tenths of rows (Kaplan–Meier)",
    )
    heights, edges = np.histogram(churn, bins=40, range=(0, top))
    axes.bar(
        edges[:-1],
        heights / heights.max() * top * 0.15,
        np.diff(edges),
        align="edge",
        color=COLOURS[0],
        alpha=0.18,
        label="how many rows",
    )
    axes.set_xlim(0, top)
    axes.set_ylim(0, top * 1.02)
    axes.legend(frameon=False, loc="upper left")
    return _saved(figure, path)


def _tenth(outcome: Outcome, churn: Floats, at: Any, rank: int) -> tuple[float, float]:
    curve = metrics.kaplan_meier(Outcome(outcome.duration[at], outcome.event[at]))
    return float(churn[at].mean()), float(1 - curve[min(rank, len(curve) - 1)])


@dataclass(frozen=True, slots=True)
class Group:
    """Rows shown as one line: what became of them in ranks, and their mean predicted survival."""

    name: str
    outcome: Outcome
    predicted: Floats


def draw_survival(
    path: Path, title: str, unit: str, groups: Sequence[Group], ends: Floats, times: Floats
) -> Path:
    """Kaplan–Meier against mean predicted survival by group.

    `ends` are the times of the outcomes' ranks, `times` those of `predicted`. A curve stops where
    fewer than ten rows are followed: its end would say more of chance than of the group.
    """
    figure, axes = _axes(title, unit, "share still there")
    for colour, group in zip(COLOURS, groups, strict=False):
        curve = metrics.kaplan_meier(group.outcome)
        followed = np.sort(group.outcome.duration)[-min(10, len(group.outcome.duration))]
        last = int(followed)
        axes.step(ends[: last + 1], curve[: last + 1], where="post", color=colour, linewidth=1.6)
        spoken = times <= ends[last]
        axes.plot(times[spoken], group.predicted[spoken], color=colour, linestyle="--")
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    handles = [
        *(Line2D([], [], color=c, label=g.name) for c, g in zip(COLOURS, groups, strict=False)),
        Line2D([], [], color=INK, label="seen (Kaplan–Meier)"),
        Line2D([], [], color=INK, linestyle="--", label="predicted"),
    ]
    axes.legend(handles=handles, frameon=False, fontsize=8, loc="lower left")
    return _saved(figure, path)


def draw_effects(path: Path, title: str, ratios: Sequence[Ratio]) -> Path:
    """Hazard ratios with 90 % intervals, the largest at the top, on a log scale."""
    shown = list(ratios[:MAX_EFFECTS])[::-1]
    figure, axes = _axes(title, "hazard ratio with 90 % interval", "", 1.1 + 0.3 * len(shown))
    axes.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    for i, effect in enumerate(shown):
        colour = COLOURS[1] if effect.ratio > 1 else COLOURS[0]
        axes.plot([effect.low, effect.high], [i, i], color=colour, linewidth=1.6)
        axes.plot([effect.ratio], [i], "o", color=colour, markersize=5)
    names = [change(e) for e in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    axes.set_xscale("log")
    low, high = min(e.low for e in shown), max(e.high for e in shown)
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low * 0.8 <= t <= high * 1.25]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    return _saved(figure, path)


def change(ratio: Ratio) -> str:
    """What is compared with what: `Contract: Two year vs Month-to-month`."""
    end, start = (_short(value_said(value)) for value in (ratio.end, ratio.start))
    return f"{_short(ratio.feature)}: {end} vs {start}"


def value_said(value: object) -> str:
    """A value of a signal for readers."""
    level = level_of(value)
    return level if isinstance(level, str) else f"{level:.4g}"


def _short(text: str) -> str:
    return text if len(text) <= 26 else text[:25] + "…"
