"""Charts as inline SVG: colours come from the page's style, so light and dark follow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float]

WIDTH: Final = 460
HEIGHT: Final = 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 44
ROW: Final = 22
LETTERS: Final = 62
FINER: Final = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9),
)
"""First digits of ticks along a logarithmic axis, until there are three of them."""

MONTHS: Final = (1, 2, 3, 6, 12, 24)
LABELS: Final = 390


@dataclass(frozen=True, slots=True)
class Axis:
    """A range with its words; a logarithmic one lies above 0."""

    low: float
    high: float
    label: str
    percent: bool = False
    logarithmic: bool = False
    whole: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, 0 at the low end and 1 at the high one."""
        low, high, here = (self._scaled(v) for v in (self.low, self.high, value))
        return (here - low) / (high - low) if high > low else 0.5

    def _scaled(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.logarithmic else value

    def ticks(self) -> list[float]:
        """Round values along the range."""
        if self.logarithmic:
            tried = [self._powers(digits) for digits in FINER]
            return next((ticks for ticks in tried if len(ticks) >= 3), tried[-1])
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        rough = span / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
        if self.whole:
            step = next((s for s in MONTHS if span / s <= 8), step)
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _powers(self, digits: Sequence[float]) -> list[float]:
        steps = [digit * 10.0**power for power in range(-4, 5) for digit in digits]
        return [tick for tick in steps if self.low <= tick <= self.high]

    def text(self, value: float) -> str:
        """A tick's words."""
        return f"{value * 100:g} %" if self.percent else f"{value:,g}"


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined; `colour` is 0 to 3, `low` and `high` the edges of a band around them."""

    points: Sequence[Point]
    name: str = ""
    colour: int = 0
    dashed: bool = False
    dots: bool = False
    steps: bool = False
    low: Sequence[float] = field(default_factory=list[float])
    high: Sequence[float] = field(default_factory=list[float])


def plot(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """A chart of lines, with a legend below where they have names."""
    marks = "".join(_line(line, x, y) for line in lines)
    named = [line for line in lines if line.name]
    legend = "".join(_key(line, i) for i, line in enumerate(named))
    height = HEIGHT + (18 * math.ceil(len(named) / 2) if named else 0)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{_axes(x, y)}{marks}{legend}</svg>"
    )


def forest(title: str, rows: Sequence[tuple[str, float, float, float]], x: Axis) -> str:
    """Values with intervals, one row each: label, value, low, high."""
    width, bottom = 860, TOP + ROW * len(rows)
    span = width - LABELS - 96
    grid = "".join(
        f'<path class="grid" d="M{LABELS + x.at(tick) * span:.1f} {TOP}V{bottom}"/>'
        f'<text class="tick" text-anchor="middle" x="{LABELS + x.at(tick) * span:.1f}"'
        f' y="{bottom + 16}">{x.text(tick)}</text>'
        for tick in x.ticks()
    )
    axis = f'<path class="axis" d="M{LABELS + x.at(1) * span:.1f} {TOP}V{bottom}"/>'
    body = "".join(_whisker(row, TOP + ROW * i + ROW / 2, span, x) for i, row in enumerate(rows))
    return (
        f'<svg class="wide" viewBox="0 0 {width} {bottom + 40}" role="img"'
        f' aria-label="{escape(title)}">{grid}{axis}{body}'
        f'<text class="label" text-anchor="middle" x="{LABELS + span / 2:.1f}"'
        f' y="{bottom + 34}">{escape(x.label)}</text></svg>'
    )


def _whisker(row: tuple[str, float, float, float], y: float, span: float, x: Axis) -> str:
    label, value, low, high = row
    start, here, end = (LABELS + min(max(x.at(v), 0), 1) * span for v in (low, value, high))
    sure = "s0" if low > 1 or high < 1 else "faint"
    short = label if len(label) <= LETTERS else label[: LETTERS - 1] + "…"
    return (
        f'<text class="row" text-anchor="end" x="{LABELS - 10}" y="{y + 4:.1f}">'
        f"<title>{escape(label)}</title>{escape(short)}</text>"
        f'<path class="line {sure}" d="M{start:.1f} {y:.1f}H{end:.1f}"/>'
        f'<circle class="dot {sure}" cx="{here:.1f}" cy="{y:.1f}" r="4"/>'
        f'<text class="tick" x="{LABELS + span + 12}" y="{y + 4:.1f}">'
        f"{value:.2f} ({low:.2f}–{high:.2f})</text>"
    )


def _across(x: Axis, value: float) -> float:
    return LEFT + min(max(x.at(value), 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def _up(y: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - min(max(y.at(value), 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)


def _axes(x: Axis, y: Axis) -> str:
    floor = HEIGHT - BOTTOM
    rows = "".join(
        f'<path class="grid" d="M{LEFT} {_up(y, tick):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{_up(y, tick) + 4:.1f}">'
        f"{y.text(tick)}</text>"
        for tick in y.ticks()
    )
    columns = "".join(
        f'<text class="tick" text-anchor="middle" x="{_across(x, tick):.1f}" y="{floor + 16}">'
        f"{x.text(tick)}</text>"
        for tick in x.ticks()
    )
    middle = (TOP + floor) / 2
    return (
        f'{rows}{columns}<path class="axis" d="M{LEFT} {floor}H{WIDTH - RIGHT}"/>'
        f'<text class="label" text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}"'
        f' y="{floor + 34}">{escape(x.label)}</text>'
        f'<text class="label" text-anchor="middle" transform="translate(11 {middle}) rotate(-90)">'
        f"{escape(y.label)}</text>"
    )


def _line(line: Line, x: Axis, y: Axis) -> str:
    at = [(_across(x, px), _up(y, py)) for px, py in line.points]
    if not at:
        return ""
    kind = f"s{line.colour}{' dash' if line.dashed else ''}"
    band = ""
    if line.low:
        edges = [(px, _up(y, high)) for (px, _), high in zip(at, line.high, strict=True)]
        edges += [
            (px, _up(y, low)) for (px, _), low in reversed(list(zip(at, line.low, strict=True)))
        ]
        band = f'<path class="band s{line.colour}" d="{_path(edges)}Z"/>'
    if line.dots:
        return band + "".join(
            f'<circle class="dot s{line.colour}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>'
            for px, py in at
        )
    return f'{band}<path class="line {kind}" d="{_stairs(at) if line.steps else _path(at)}"/>'


def _path(at: Sequence[Point]) -> str:
    return "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in at)


def _stairs(at: Sequence[Point]) -> str:
    (px, py), *rest = at
    return f"M{px:.1f} {py:.1f}" + "".join(f"H{qx:.1f}V{qy:.1f}" for qx, qy in rest)


def _key(line: Line, place: int) -> str:
    left = LEFT + (place % 2) * (WIDTH - LEFT) / 2
    y = HEIGHT + 10 + 18 * (place // 2)
    kind = f"s{line.colour}{' dash' if line.dashed else ''}"
    mark = (
        f'<circle class="dot s{line.colour}" cx="{left + 10}" cy="{y - 4}" r="3.5"/>'
        if line.dots
        else f'<path class="line {kind}" d="M{left} {y - 4}h20"/>'
    )
    return f'{mark}<text class="tick" x="{left + 26}" y="{y}">{escape(line.name)}</text>'
