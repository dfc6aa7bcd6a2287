"""What a signal of the model means: one line of a service's `features.csv`, beside its SQL."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["number", "flag", "level", "any"]

TEXTS: Final = ("name", "label", "unit", "window", "meaning", "source", "unknown", "post_decision")
HEAD: Final = (*TEXTS[:2], "kind", "unit", "low", "high", "levels", *TEXTS[3:])
MUST: Final = ("name", "label", "window", "meaning", "source")


@dataclass(frozen=True, slots=True)
class Signal:
    """A line of the dictionary.

    `name` is the column of features.sql, or ends in `*` for all that begin so. `kind` `any` is
    what customers name and fill themselves. `low` and `high` are the ends of what may occur, both
    included; without `levels` any text may. `unknown` says when it is null; empty: never.
    `post_decision` says why it may follow the decision to leave rather than precede it.
    """

    name: str
    label: str
    kind: Kind
    unit: str
    low: float | None
    high: float | None
    levels: tuple[str, ...]
    window: str
    meaning: str
    source: str
    unknown: str
    post_decision: str

    @property
    def is_family(self) -> bool:
        """Whether it stands for all signals whose names begin alike."""
        return self.name.endswith("*")

    @property
    def allowed(self) -> str:
        """What may occur, in words."""
        if self.kind == "number":
            return f"a number{self._ends}"
        if self.kind == "flag":
            return "true or false"
        if self.kind == "any":
            return "a number, a text, true or false"
        return f"one of {', '.join(self.levels)}" if self.levels else "a text"

    @property
    def _ends(self) -> str:
        if self.low is not None and self.high is not None:
            return f" from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f" of {self.low:g} or more"
        return "" if self.high is None else f" of {self.high:g} or less"


def read(path: Path) -> list[Signal]:
    """The signals of a file, in its order.

    Raises
    ------
    ValueError
        If a line leaves out what must be said, says what is not understood, or repeats a name.
    """
    with path.open(newline="") as lines:
        rows = csv.DictReader(lines)
        if tuple(rows.fieldnames or ()) != HEAD:
            raise ValueError(f"{path}: the first line has to be {','.join(HEAD)}")
        signals = [_signal(row) for row in rows]
    if len({signal.name for signal in signals}) < len(signals):
        raise ValueError(f"{path}: a signal is described twice")
    return signals


def _signal(row: Mapping[str, str]) -> Signal:
    missing = [name for name in MUST if not row[name]]
    if missing:
        raise ValueError(f"{row['name'] or 'a signal'}: {missing[0]} is not said")
    return Signal(
        **{name: row[name] for name in TEXTS},
        kind=_kind(row),
        low=float(row["low"]) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        levels=tuple(row["levels"].split()),
    )


def _kind(row: Mapping[str, str]) -> Kind:
    for kind in get_args(Kind):
        if row["kind"] == kind:
            return kind
    raise ValueError(f"{row['name']}: kind {row['kind']!r} is none of {', '.join(get_args(Kind))}")


def signal_for(name: str, signals: Mapping[str, Signal]) -> Signal | None:
    """The line that speaks of a column: its own, or its family's; None if there is none."""
    if name in signals:
        return signals[name]
    families = (signal for signal in signals.values() if signal.is_family)
    return next((each for each in families if name.startswith(each.name[:-1])), None)
