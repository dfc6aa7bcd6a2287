"""Signals of the same accounts told twice: of either half of what was seen, now and a year ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.scoring.document import Feature
from ml.scoring.features import Columns, Floats, level_of, numbers
from shared.vocabulary.landmark import Landmark

MONTHS: Final = 12
"""Landmarks between the two moments: as far as signals look back and forecasts look ahead."""

MAX_ACCOUNTS: Final = 2_500
"""Accounts asked about; more make the variance little more certain and cost time."""

Pair: TypeAlias = tuple[Columns, Columns]


@dataclass(frozen=True, slots=True)
class Halves:
    """What was told of accounts that were under contract at two landmarks.

    `whole` is what the model is told at the later one, `now` the same of each half of members,
    tickets and payments, `before` of each half at the earlier one. Arrays have shape (accounts,).
    """

    whole: Columns
    now: Pair
    before: Pair

    def __len__(self) -> int:
        return len(next(iter(self.whole.values()), ()))

    def as_wholes(self, features: Sequence[Feature]) -> list[Columns]:
        """The whole, and the four halves as if each were the whole: now, then before.

        A half counts half as much and shows fewer days of use, but has the same means: how a
        signal of the whole goes with the mean of its halves, a straight line, says what a half
        comes to. A half that tells nothing stands at the mean. Signals that both halves tell as the
        whole does are known, not measured: they stand as they are now everywhere.
        """
        parts = (self.whole, *self.now, *self.before)
        wholes: list[dict[str, NDArray[Any]]] = [{} for _ in parts]
        for feature in features:
            values = [columns.get(feature.name, self._nothing) for columns in parts]
            read = _read(values) if feature.kind == "number" else [values[0]] * len(values)
            for columns, array in zip(wholes, read, strict=True):
                columns[feature.name] = array
        return list(wholes)

    @property
    def _nothing(self) -> NDArray[Any]:
        return np.full(len(self), None, dtype=object)

    def hashed(self) -> bytes:
        """SHA-256 of all values, in order of name and row."""
        digest = sha256()
        for columns in (self.whole, *self.now, *self.before):
            for name in sorted(columns):
                digest.update(name.encode() + b"\x1e" + _text(columns[name]))
        return digest.digest()


def _read(parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """One number as the whole and four halves tell it, the halves brought to the whole's scale."""
    whole, *halves = (numbers(values) for values in parts)
    if all(np.array_equal(half, whole, equal_nan=True) for half in halves[:2]):
        return [whole] * len(parts)
    mean = (halves[0] + halves[1]) / 2
    present = ~np.isnan(whole + mean)
    if not present.any() or np.ptp(mean[present]) == 0:
        return [whole] * len(parts)
    away: Floats = mean[present] - mean[present].mean()
    slope = float(away @ whole[present] / (away @ away))
    level = float(whole[present].mean() - slope * mean[present].mean())
    typical = float(np.nanmean(whole))
    blank = np.isnan(whole)
    lines = (level + slope * half for half in halves)
    return [whole, *(np.where(blank, np.nan, np.where(np.isnan(x), typical, x)) for x in lines)]


def _text(values: NDArray[Any]) -> bytes:
    return "\x1f".join(repr(level_of(value)) for value in values.tolist()).encode()


def pairs(marks: Sequence[Landmark]) -> tuple[list[Landmark], list[Landmark]]:
    """The latest landmark of some accounts and, in the same order, theirs a year before.

    With less history the earliest one stands for it. Which accounts, is decided by their ids alone.
    """
    moments = sorted({mark.as_of for mark in marks})
    if not moments:
        return [], []
    last, first = moments[-1], moments[-1 - min(MONTHS, len(moments) - 1)]
    there = {mark.account_id for mark in marks if mark.as_of == first}
    both = sorted((m for m in marks if m.as_of == last and m.account_id in there), key=_key)
    now = both[:: 1 + (len(both) - 1) // MAX_ACCOUNTS] if both else []
    return now, [Landmark(mark.account_id, first) for mark in now]


def _key(mark: Landmark) -> str:
    return str(mark.account_id)
