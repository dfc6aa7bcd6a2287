"""A report on a forecast model: one file of HTML that needs nothing else."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from ml.judging.evaluate import FIGURES
from ml.reporting import caveats, charts
from ml.reporting.charts import Axis, Line
from ml.reporting.wording import in_words, named, percent, place
from ml.scoring import effects, signal_groups
from ml.scoring.effects import EffectCurve, Ratio
from ml.scoring.hazards import ChurnModel
from shared.vocabulary.evidence import Evidence, Horizon, Origin, Segment, SignalDrift

PAGES: Final = Environment(
    loader=PackageLoader("ml.reporting", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
MAX_CURVES: Final = 12
MAX_RATIOS: Final = 24
MAX_SEGMENTS: Final = 9


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their columns; columns of words stand to the left."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def is_words(self) -> list[bool]:
        """Whether a column has words, by column."""
        return [
            any(not re.match(r"[-−–\d]", row[at]) for row in self.rows)
            for at in range(len(self.columns))
        ]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and what stands below it."""

    svg: str
    caption: str


def report(
    model: ChurnModel, evidence: Evidence, *, version: str, checksum: str, made_at: datetime
) -> str:
    return PAGES.get_template("report.html").render(
        model=model,
        document=model.document,
        evidence=evidence,
        version=version,
        checksum=checksum,
        made_at=made_at,
        facts=_facts(model),
        limits=caveats.limits_of(model, evidence),
        inputs=_inputs(model),
        provenance=_provenance(model),
        **_performance(evidence),
        **_drivers(model),
    )


def _facts(model: ChurnModel) -> list[tuple[str, str]]:
    document = model.document
    landmarks = " (an account gives one a month)" if document.clock == "landmark" else ""
    return [
        (f"{document.data_from} – {document.data_to}", "data it learned from"),
        (f"{document.accounts:,}", "accounts"),
        (f"{document.events:,}", "of them lost"),
        (f"{document.rows:,}", f"rows{landmarks}"),
        (f"{len(document.features)}", "signals read"),
    ]


def _performance(evidence: Evidence) -> dict[str, Any]:
    """What the page says of how well the forecast does."""
    figures = [(FIGURES.get(name, name), f"{v:.4f}") for name, v in evidence.figures.items()]
    return {
        "figures": Table(("figure", "held out"), figures),
        "calibration": [
            Chart(
                _calibrated(horizon),
                f"{_within(horizon.month)}: tenths of the accounts by forecast; on the dashed line,"
                " as many were lost as forecast.",
            )
            for horizon in evidence.calibration
        ],
        "by_horizon": _by_horizon(evidence.calibration),
        "by_segment": _by_segment(evidence),
        "least_lost": caveats.MIN_LOST,
        "curves": _curves(evidence),
        "rolling": _rolling(evidence.rolling),
        "moved": _drift(evidence.drift.moved if evidence.drift else []),
    }


def _by_horizon(horizons: Sequence[Horizon]) -> Table:
    rows = [
        (
            _within(horizon.month).lower(),
            f"{horizon.lost:,}",
            percent(horizon.predicted),
            percent(horizon.observed),
            _over(horizon.observed, horizon.predicted, horizon.lost),
            "–" if horizon.ici is None else percent(horizon.ici),
        )
        for horizon in horizons
    ]
    return Table(("horizon", "rows lost", "forecast", "seen", "ratio", "ICI"), rows)


def _by_segment(evidence: Evidence) -> Table:
    months = [horizon.month for horizon in evidence.calibration if horizon.month <= evidence.month]
    rows = [
        (
            place(segment.name),
            f"{segment.rows:,}",
            f"{segment.lost:,}",
            percent(segment.predicted),
            percent(segment.observed),
            *(_over(segment.seen[m], segment.expected[m], segment.losses[m]) for m in months),
        )
        for segment in evidence.segments
    ]
    ends = (f"{name} {evidence.month} m" for name in ("lost", "forecast", "seen"))
    return Table(("segment", "rows", *ends, *(f"ratio {m} m" for m in months)), rows)


def _within(month: int) -> str:
    return f"Within {month} month{'s' if month > 1 else ''}"


def _calibrated(horizon: Horizon) -> str:
    top = max(max(b.predicted, b.observed) for b in horizon.bins) * 1.08 or 0.01
    x = Axis(0, top, "forecast", percent=True)
    y = Axis(0, top, "seen", percent=True)
    return charts.plot(
        f"Calibration within {horizon.month} months",
        x,
        y,
        [
            Line([(0, 0), (top, top)], colour=3, dashed=True),
            Line([(b.predicted, b.observed) for b in horizon.bins], colour=0),
            Line([(b.predicted, b.observed) for b in horizon.bins], colour=0, dots=True),
        ],
    )


def _over(observed: float, forecast: float, lost: int) -> str:
    return "–" if lost < caveats.MIN_LOST or not forecast else f"{observed / forecast:.2f}"


def _curves(evidence: Evidence) -> list[Chart]:
    segments = [segment for segment in evidence.segments if segment.lost >= caveats.MIN_LOST]
    return [
        Chart(
            _staying(segment),
            f"{place(segment.name)}: {segment.rows:,} rows, {segment.lost:,} lost",
        )
        for segment in sorted(segments, key=lambda each: -each.lost)[:MAX_SEGMENTS]
    ]


def _staying(segment: Segment) -> str:
    lowest = 1 - max(*segment.seen, *segment.expected)
    y = Axis(max(0.0, lowest - 0.05), 1, "still there", percent=True)
    x = Axis(0, len(segment.seen) - 1, "months ahead", whole=True)
    observed = [(float(m), 1 - v) for m, v in enumerate(segment.seen)]
    expected = [(float(m), 1 - v) for m, v in enumerate(segment.expected)]
    lines = [
        Line(observed, "seen", colour=1, steps=True),
        Line(expected, "forecast", colour=0, dashed=True, steps=True),
    ]
    return charts.plot(f"Staying: {place(segment.name)}", x, y, lines)


def _rolling(origins: Sequence[Origin]) -> Table:
    names = list(dict.fromkeys(name for origin in origins for name in origin.figures))
    rows = [
        (
            f"{origin.day}, {origin.months} months on:"
            f" {origin.accounts:,} accounts, {origin.lost:,} lost",
            *(f"{origin.figures[name]:.4f}" if name in origin.figures else "–" for name in names),
        )
        for origin in origins
    ]
    return Table(("origin", *(FIGURES.get(name, name) for name in names)), rows)


def _drivers(model: ChurnModel) -> dict[str, Any]:
    """What the page says of signals; curves by stratum read none."""
    if model.is_curves:
        return {}
    ratios = effects.ratios(model)
    strongest = _strongest(effects.curves(model), [ratio.feature for ratio in ratios])
    return {
        "max_ratios": MAX_RATIOS,
        "forest": _forest(model, ratios[:MAX_RATIOS]),
        "effects": [
            Chart(_effect(curve), curve.label + _of(model, curve.cause)) for curve in strongest
        ],
        "ratios": _ratios(ratios),
        "newcomers": _ratios(effects.ratios(model.newcomers)) if model.newcomers else None,
    }


def _forest(model: ChurnModel, ratios: Sequence[Ratio]) -> str:
    rows = [
        (
            f"{named(ratio.label, ratio.feature)}: {in_words(ratio.start)} → {in_words(ratio.end)}"
            f"{_of(model, ratio.cause)}",
            ratio.ratio,
            ratio.low,
            ratio.high,
        )
        for ratio in ratios
    ]
    ends = [v for _, *values in rows for v in values] or [1.0]
    low, high = max(min(*ends, 0.8), 0.05), min(max(*ends, 1.25), 20.0)
    return charts.forest("Hazard ratios", rows, Axis(low, high, "hazard ratio", logarithmic=True))


def _ratios(ratios: Sequence[Ratio]) -> Table:
    rows = [
        (
            named(ratio.label, ratio.feature),
            signal_groups.words(signal_groups.group_of(ratio.feature)),
            ratio.cause,
            in_words(ratio.start),
            in_words(ratio.end),
            f"{ratio.ratio:.2f}",
            f"{ratio.low:.2f} – {ratio.high:.2f}",
        )
        for ratio in ratios
    ]
    columns = ("signal", "group", "cause", "from", "to", "hazard ratio", "90 % interval")
    return Table(columns, rows)


def _strongest(curves: Iterable[EffectCurve], order: Sequence[str]) -> list[EffectCurve]:
    numeric = [c for c in curves if not isinstance(c.reference, str) and len(c.points) > 2]
    return sorted(numeric, key=lambda c: order.index(c.feature) if c.feature in order else 999)[
        :MAX_CURVES
    ]


def _effect(curve: EffectCurve) -> str:
    at = [float(point.value) for point in curve.points]
    low = max(min(point.low for point in curve.points), 0.02)
    high = min(max(point.high for point in curve.points), 50.0)
    x = Axis(min(at), max(at), named(curve.label, curve.feature))
    y = Axis(min(low, 0.9), max(high, 1.1), "hazard ratio", logarithmic=True)
    line = Line(
        [(value, point.ratio) for value, point in zip(at, curve.points, strict=True)],
        low=[point.low for point in curve.points],
        high=[point.high for point in curve.points],
    )
    unity = Line([(min(at), 1.0), (max(at), 1.0)], colour=3, dashed=True)
    return charts.plot(f"Partial effect of {curve.label}", x, y, [unity, line])


def _inputs(model: ChurnModel) -> Table:
    rows = [
        (
            feature.name,
            feature.label,
            feature.source,
            f"{in_words(feature.low)} to {in_words(feature.high)}"
            if feature.kind == "number"
            else ", ".join(in_words(str(v)) for v in (feature.reference, *feature.levels)),
            "yes" if feature.may_be_missing else "no",
        )
        for feature in model.document.features
    ]
    return Table(("signal", "in words", "told by", "seen in training", "may be unknown"), rows)


def _drift(signals: Sequence[SignalDrift]) -> Table:
    rows = [(signal.signal, f"{signal.psi:.3f}", f"{signal.by_chance:.3f}") for signal in signals]
    return Table(("signal", "PSI", "by chance at most"), rows)


def _provenance(model: ChurnModel) -> Table:
    document = model.document
    rows = [
        ("data hash", document.data_hash),
        ("schema hash", document.schema_hash),
        ("seed", str(document.seed)),
        ("clock", document.clock),
        ("baseline", document.baseline),
        *document.libraries.items(),
    ]
    return Table(("what", "value"), rows)


def _of(model: ChurnModel, cause: str) -> str:
    return f" ({cause})" if len(effects.causes(model)) > 1 else ""
