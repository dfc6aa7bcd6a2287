"""A report on a forecast model: one file of HTML that needs nothing else."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from ml.judging.evaluate import FIGURES
from ml.reporting import caveats, charts
from ml.reporting.charts import Axis, Line
from ml.reporting.wording import in_words, named, percent, place
from ml.scoring import effects, signal_groups
from ml.scoring.effects import EffectCurve, Ratio
from ml.scoring.hazards import ChurnModel
from shared.vocabulary.evidence import Evidence, Horizon, Segment

PAGE: Final = Path(__file__).with_name("report.html")
MOST_CURVES: Final = 12
MOST_RATIOS: Final = 24


def report(
    model: ChurnModel, evidence: Evidence, *, version: str, checksum: str, made_at: datetime
) -> str:
    """The whole page.

    Parameters
    ----------
    model
        The model as it serves.
    evidence
        What it was judged on.
    version, checksum
        Of the document published.
    made_at
        When the model was trained.
    """
    sections = (
        _head(model, evidence, version, checksum, made_at),
        _figures(evidence),
        _calibration(evidence),
        _curves(evidence),
        _rolling(model, evidence),
        _drivers(model),
        _newcomers(model),
        _inputs(model, evidence),
        _limits(model, evidence),
        _origin(model),
    )
    page = Template(PAGE.read_text(encoding="utf-8"))
    return page.substitute(version=escape(version), body="\n".join(sections))


def _head(
    model: ChurnModel, evidence: Evidence, version: str, checksum: str, made_at: datetime
) -> str:
    document = model.document
    facts = {
        f"{document.data_from} – {document.data_to}": "data it learned from",
        f"{document.accounts:,}": "accounts",
        f"{document.events:,}": "of them lost",
        f"{document.rows:,}": "rows (an account gives one a month)"
        if document.clock == "landmark"
        else "rows",
        f"{len(document.features)}": "signals read",
    }
    boxes = "".join(
        f"<div><b>{escape(k)}</b><span>{escape(v)}</span></div>" for k, v in facts.items()
    )
    return (
        f"<h1>{'Curves by stratum' if model.is_curves else 'Forecast'} {escape(version)}</h1>"
        f'<p class="soft">Trained {made_at:%Y-%m-%d %H:%M} UTC · SHA-256 {escape(checksum)}</p>'
        "<p>For each open contract: the chance that it is renewed at its own renewal date, and that"
        " the account churns within so many days. What follows was measured on"
        f" {escape(evidence.origin)}: {evidence.accounts:,} accounts, {evidence.lost:,} of them"
        f' lost.</p><div class="facts">{boxes}</div>'
    )


def _figures(evidence: Evidence) -> str:
    rows = [(FIGURES.get(k, k), f"{v:.4f}") for k, v in evidence.figures.items()]
    return "<h2>How well it does</h2>" + _table(("figure", "held out"), rows)


def _calibration(evidence: Evidence) -> str:
    months = "".join(
        f"<figure>{_calibrated(horizon)}<figcaption>{_within(horizon.month)}: tenths of the"
        " accounts by forecast; on the dashed line, as many were lost as forecast.</figcaption>"
        "</figure>"
        for horizon in evidence.calibration
    )
    horizons = [
        horizon.month for horizon in evidence.calibration if horizon.month <= evidence.month
    ]
    return (
        "<h2>Calibration by horizon and segment</h2>"
        f'<div class="charts">{months}</div>'
        f"<h3>By horizon</h3>{_by_horizon(evidence.calibration)}"
        f"<h3>By segment</h3>{_by_segment(evidence, horizons)}"
        '<p class="soft">Seen is Kaplan–Meier, which allows for accounts not followed to the end;'
        " a ratio is seen over forecast by the end of so many months (m); ICI is the mean distance"
        " of the smoothed curve of what was seen from the forecast."
        f" Below {caveats.LEAST_LOST} losses a ratio says little and is left out.</p>"
    )


def _by_horizon(horizons: Sequence[Horizon]) -> str:
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
    return _table(("horizon", "rows lost", "forecast", "seen", "ratio", "ICI"), rows)


def _by_segment(evidence: Evidence, months: Sequence[int]) -> str:
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
    return _table(("segment", "rows", *ends, *(f"ratio {m} m" for m in months)), rows)


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


def _over(seen: float, forecast: float, lost: int) -> str:
    return "–" if lost < caveats.LEAST_LOST or not forecast else f"{seen / forecast:.2f}"


def _curves(evidence: Evidence) -> str:
    segments = [segment for segment in evidence.segments if segment.lost >= caveats.LEAST_LOST]
    figures = "".join(
        f"<figure>{_staying(segment)}<figcaption>{escape(place(segment.name))}:"
        f" {segment.rows:,} rows, {segment.lost:,} lost</figcaption></figure>"
        for segment in sorted(segments, key=lambda each: -each.lost)[:9]
    )
    words = "<p>Share still there by month, as seen and as forecast.</p>" if figures else ""
    return f'<h2>Curves</h2>{words}<div class="charts">{figures or "<p>Too few losses.</p>"}</div>'


def _staying(segment: Segment) -> str:
    lowest = 1 - max(*segment.seen, *segment.expected)
    y = Axis(max(0.0, lowest - 0.05), 1, "still there", percent=True)
    x = Axis(0, len(segment.seen) - 1, "months ahead", whole=True)
    seen = [(float(m), 1 - v) for m, v in enumerate(segment.seen)]
    expected = [(float(m), 1 - v) for m, v in enumerate(segment.expected)]
    lines = [
        Line(seen, "seen", colour=1, steps=True),
        Line(expected, "forecast", colour=0, dashed=True, steps=True),
    ]
    return charts.plot(f"Staying: {place(segment.name)}", x, y, lines)


def _rolling(model: ChurnModel, evidence: Evidence) -> str:
    if model.document.clock == "start":
        return (
            "<h2>Rolling origin</h2><p>There is none: nothing that is recorded changes with time,"
            " so there is no earlier day whose knowledge one could go back to. The figures above"
            f" are of {escape(evidence.origin)}.</p>"
        )
    if not evidence.rolling:
        return (
            "<h2>Rolling origin</h2><p>Not made for this version: the figures above are of"
            f" {escape(evidence.origin)}. They do not say how the forecast holds up as time goes"
            " on; <code>tenure backtest</code> does.</p>"
        )
    names = list(dict.fromkeys(name for origin in evidence.rolling for name in origin.figures))
    rows = [
        (
            f"{origin.day}, {origin.months} months on:"
            f" {origin.accounts:,} accounts, {origin.lost:,} lost",
            *(f"{origin.figures[name]:.4f}" if name in origin.figures else "–" for name in names),
        )
        for origin in evidence.rolling
    ]
    columns = ("origin", *(FIGURES.get(name, name) for name in names))
    return (
        "<h2>Rolling origin</h2><p>Coefficients and baselines fitted anew to what was known on each"
        " day, judged by all accounts at risk that day over the months after it. Signals,"
        " terms and penalties are this version's; <code>tenure backtest</code> chooses them anew,"
        f" too.</p>{_table(columns, rows)}"
    )


def _drivers(model: ChurnModel) -> str:
    if model.is_curves:
        return f"<h2>Drivers</h2><p>None: {escape(model.document.notes[0])}.</p>"
    ratios = effects.ratios(model)
    shown = [
        (
            f"{named(ratio.label, ratio.feature)}: {in_words(ratio.start)} → {in_words(ratio.end)}"
            f"{_of(model, ratio.cause)}",
            ratio.ratio,
            ratio.low,
            ratio.high,
        )
        for ratio in ratios[:MOST_RATIOS]
    ]
    ends = [v for _, *values in shown for v in values] or [1.0]
    x = Axis(
        max(min(*ends, 0.8), 0.05), min(max(*ends, 1.25), 20.0), "hazard ratio", logarithmic=True
    )
    picked = _strongest(effects.curves(model), [ratio.feature for ratio in ratios])
    small = "".join(
        f"<figure>{_effect(curve)}<figcaption>{escape(curve.label + _of(model, curve.cause))}"
        "</figcaption></figure>"
        for curve in picked
    )
    more = f" The {MOST_RATIOS} farthest from 1 are drawn." if len(ratios) > MOST_RATIOS else ""
    return (
        "<h2>Drivers</h2><p>How many times as fast accounts are lost at one value of a signal as at"
        " another, all else equal, with 90 % intervals. These are associations, not causes:"
        f" changing a signal need not change the outcome. Grey: the interval holds 1.{more}</p>"
        f"<figure>{charts.forest('Hazard ratios', shown, x)}</figure>"
        f'<h3>Partial effects</h3><div class="charts">{small}</div>'
        f"<h3>All ratios</h3>{_ratios(ratios)}"
    )


def _ratios(ratios: Sequence[Ratio]) -> str:
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
    return _table(columns, rows)


def _newcomers(model: ChurnModel) -> str:
    if model.newcomers is None:
        return ""
    part = model.newcomers.document
    return (
        "<h2>First 90 days</h2><p>Of accounts in their first 90 days a part of its own speaks,"
        f" fitted to {part.rows:,} rows of {part.accounts:,} accounts, {part.events:,} of them"
        f" lost within twelve months.</p>{_ratios(effects.ratios(model.newcomers))}"
    )


def _strongest(curves: Iterable[EffectCurve], order: Sequence[str]) -> list[EffectCurve]:
    numeric = [c for c in curves if not isinstance(c.reference, str) and len(c.points) > 2]
    return sorted(numeric, key=lambda c: order.index(c.feature) if c.feature in order else 999)[
        :MOST_CURVES
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


def _inputs(model: ChurnModel, evidence: Evidence) -> str:
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
    columns = ("signal", "in words", "told by", "seen in training", "may be unknown")
    return (
        f"<h2>Signals and their drift</h2>{_drift(evidence)}<p>From the day of training on, what is"
        " served is watched against how these signals lay then: <code>featureDrift</code> of this"
        " version in the graph.</p>"
        f'<div class="left">{_table(columns, rows)}</div>'
    )


def _drift(evidence: Evidence) -> str:
    seen = evidence.drift
    if seen is None:
        return ""
    between = f"from {seen.earlier} to {seen.newest}"
    if not seen.moved:
        return (
            f"<p>Of {seen.signals} signals none lay otherwise, {between}, beyond what chance"
            " explains (population stability index above .10).</p>"
        )
    rows = [
        (signal.signal, f"{signal.psi:.3f}", f"{signal.by_chance:.3f}") for signal in seen.moved
    ]
    columns = ("signal", "PSI", "by chance at most")
    return (
        f"<p>{len(seen.moved)} of {seen.signals} signals lay otherwise, {between}, than chance"
        " explains. What the fit says rests on both; a forecast is surer where nothing moves.</p>"
        f'<div class="left">{_table(columns, rows)}</div>'
    )


def _limits(model: ChurnModel, evidence: Evidence) -> str:
    items = "".join(f"<li>{escape(limit)}</li>" for limit in caveats.limits_of(model, evidence))
    return f"<h2>Known limits</h2><ul>{items}</ul>"


def _origin(model: ChurnModel) -> str:
    document = model.document
    rows = [
        ("data hash", document.data_hash),
        ("schema hash", document.schema_hash),
        ("seed", str(document.seed)),
        ("clock", document.clock),
        ("baseline", document.baseline),
        *((name, text) for name, text in document.libraries.items()),
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in document.notes)
    left = f"<h3>What the fit left out</h3><ul>{notes}</ul>" if notes else ""
    table = _table(("what", "value"), rows)
    return f'<h2>Where it comes from</h2><div class="left">{table}</div>{left}'


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [list(row) for row in rows]
    kinds = [_kind([row[at] for row in body]) for at in range(len(columns))]
    head = "".join(f"<th{kind}>{escape(c)}</th>" for c, kind in zip(columns, kinds, strict=True))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{k}>{escape(cell)}</td>" for cell, k in zip(row, kinds, strict=True))
        + "</tr>"
        for row in body
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _kind(cells: Sequence[str]) -> str:
    """Columns of words stand to the left."""
    words = any(not re.match(r"[-−–\d]", cell) for cell in cells)
    return ' class="words"' if words else ""


def _of(model: ChurnModel, cause: str) -> str:
    return f" ({cause})" if len(effects.causes(model)) > 1 else ""
