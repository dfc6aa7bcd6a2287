"""From spells under contract to labelled moments of prediction."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.frames.columns import Collected
from ml.frames.frame import Frame, TrainingRefused, one_stratum
from ml.scoring.document import Clock
from ml.scoring.features import numbers
from ml.scoring.renewal_clock import HORIZON_MONTHS, month_of, months_between, strata_of
from shared.vocabulary.landmark import VOLUNTARY, FeatureRow, Landmark, Spell

HISTORY_MONTHS: Final = 36
GRACE_DAYS: Final = 30
"""A contract that ended counts as lost once none followed for so many days; labels stop before."""

NEWEST_DAYS: Final = GRACE_DAYS + 6
"""Days between a whole number of months after each landmark and the end of the data.

A calendar month may be five days shorter than what `month_of` counts as one, and an end that nobody
spoke of is known a day after the grace. Without these days, renewals that fall on the last of a
month's would count as survived though nobody knows yet.
"""

USAGE: Final = "usage"


@dataclass(frozen=True, slots=True)
class Label:
    """A moment of prediction and what became of the account after it, in whole months.

    `cause` means nothing where the account was not lost.
    """

    landmark: Landmark
    duration: int
    event: bool
    cause: str = VOLUNTARY


def labels(spells: Sequence[Spell], clock: Clock, data_to: date) -> list[Label]:
    """Every moment of prediction that the spells allow, oldest first.

    Parameters
    ----------
    spells
        Times under contract, any order; `ended_on` only where the account was lost.
    clock
        `landmark`: one moment a month for each account at risk and known to be so by then (delayed
        entry: what was lost before records began is missing among older rows), labels up to twelve
        months on.
        `start`: one the day after each spell's start, followed to its end.
    data_to
        The day the data end; nothing after it is known.

    Raises
    ------
    TrainingRefused
        If there are no spells, one ends before it starts, or one is given twice.
    """
    _refuse_broken(spells)
    labelled = _monthly(spells, data_to) if clock == "landmark" else _starts(spells, data_to)
    return sorted(
        labelled, key=lambda label: (label.landmark.as_of, str(label.landmark.account_id))
    )


def _refuse_broken(spells: Sequence[Spell]) -> None:
    if not spells:
        raise TrainingRefused("there is nothing to train on: no account was ever under contract")
    backward = [s for s in spells if s.ended_on is not None and s.ended_on < s.start_on]
    if backward:
        raise TrainingRefused(
            f"{len(backward)} spells end before they start, the first of account "
            f"{backward[0].account_id}: a label must lie after what is known"
        )
    twice = [s for s, count in Counter(spells).items() if count > 1]
    if twice:
        raise TrainingRefused(
            f"{len(twice)} spells are given twice, the first of account {twice[0].account_id}"
        )


def _monthly(spells: Sequence[Spell], data_to: date) -> Iterator[Label]:
    last = data_to - timedelta(days=GRACE_DAYS)
    first = min(spell.seen_from for spell in spells)
    for back in range(1, HISTORY_MONTHS + 1):
        day = months_before(followed_to(data_to), back)
        if day <= first:
            return
        for spell in spells:
            if spell.seen_from < day and (spell.ended_on is None or spell.ended_on > day):
                yield _label(spell, day, last, min(back, HORIZON_MONTHS))


def followed_to(data_to: date) -> date:
    """The day on which the last month that is followed ends; landmarks lie whole months before."""
    return data_to - timedelta(days=NEWEST_DAYS)


def _starts(spells: Sequence[Spell], data_to: date) -> Iterator[Label]:
    for spell in spells:
        label = _label(spell, spell.start_on, data_to, None)
        if label.duration:
            day_after = moment(spell.start_on + timedelta(days=1))
            yield replace(label, landmark=Landmark(spell.account_id, day_after))


def _label(spell: Spell, day: date, last: date, max_months: int | None) -> Label:
    ended_on = spell.ended_on
    lost = ended_on is not None and day < ended_on <= last
    until = ended_on if lost and ended_on is not None else last
    months = month_of((until - day).days) if lost else months_between(day, until)
    if max_months is not None and months > max_months:
        months, lost = max_months, False
    landmark = Landmark(spell.account_id, moment(day))
    return Label(landmark, months, lost, spell.cause or VOLUNTARY)


@lru_cache(maxsize=4_096)  # every account's landmarks of a day share one
def moment(day: date) -> datetime:
    """Midnight UTC at which a day begins."""
    return datetime.combine(day, time(), UTC)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def chunks(labels: Sequence[Label], size: int) -> Iterator[list[Landmark]]:
    """Landmarks to ask the services for, so many at a time."""
    for start in range(0, len(labels), size):
        yield [label.landmark for label in labels[start : start + size]]


def moves(usage: Sequence[FeatureRow]) -> bool:
    """Whether any account's usage was ever seen: then signals change with time."""
    return any(_counted(row) for row in usage)


def _counted(row: FeatureRow) -> bool:
    return any(
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        for name, value in row.items()
        if name.startswith(("events_", "active_"))
    )


def frame(labels: Sequence[Label], collected: Collected, clock: Clock, data_to: date) -> Frame:
    """Labels and signals together; landmarks before any use was recorded are left out."""
    columns = collected.columns()
    days = np.array([label.landmark.as_of.toordinal() for label in labels])
    whole = Frame(
        clock=clock,
        columns=columns,
        duration=np.array([label.duration for label in labels], dtype=np.int64),
        event=np.array([label.event for label in labels], dtype=np.bool_),
        stratum=_strata(columns, clock, len(labels)),
        account=np.array([_number(label) for label in labels], dtype=np.int64),
        data_from=date.fromordinal(int(days.min())) if len(days) else data_to,
        data_to=data_to,
        sources=collected.sources,
        cause=np.array([label.cause for label in labels], dtype=np.str_),
        day=days.astype(np.int64),
    )
    return _since_first_use(whole, days) if clock == "landmark" else whole


def _number(label: Label) -> int:
    """The account as a number that is the same at every training: the last 63 bits of its id."""
    return label.landmark.account_id.int & (2**63 - 1)


def _strata(columns: dict[str, NDArray[Any]], clock: Clock, rows: int) -> NDArray[np.str_]:
    if clock == "start":
        return one_stratum(rows)
    unknown = np.full(rows, np.nan)
    term = numbers(columns.get("contract_term_months", unknown))
    renewal = numbers(columns.get("days_to_renewal", unknown))
    return strata_of(term.tolist(), renewal.tolist())


def _since_first_use(whole: Frame, days: NDArray[np.int64]) -> Frame:
    names = [n for n, s in whole.sources.items() if s == USAGE and n.startswith("events_")]
    used = np.zeros(len(whole), dtype=np.bool_)
    for name in names:
        used |= np.nan_to_num(numbers(whole.columns[name])) > 0
    first = days[used].min() if used.any() else days.min(initial=0)
    return whole.take(days >= first) if len(days) and days.min() < first else whole
