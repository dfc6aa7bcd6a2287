"""How long each row was followed and what became of it, read from a table's own columns."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frames.frame import TrainingRefused
from ml.scoring.features import Floats
from ml.table.notation import check_numbers, first, place
from ml.table.question import Question

LOST: Final = frozenset({"1", "1.0", "true", "yes", "y", "t", "churned", "lost", "dead", "event"})
STAYED: Final = frozenset(
    {"0", "0.0", "false", "no", "n", "f", "active", "stayed", "alive", "censored", "retained"}
)
SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Labels:
    """Arrays of shape (rows,): time followed from each row's landmark, lost then, to what cause.

    `subject` is the same number for all rows of a subject; `rows` are places in the table.
    """

    duration: Floats
    event: NDArray[np.bool_]
    cause: NDArray[np.str_]
    subject: NDArray[np.int64]
    rows: NDArray[np.int64]
    notes: tuple[str, ...]


def read_labels(rows: pd.DataFrame, question: Question) -> Labels:
    """Read durations, events and causes, refusing what no model could stand on.

    Raises
    ------
    TrainingRefused
        If a column is missing, holds something else than it should, ids repeat, or a label lies
        before its landmark; the message names column, value and what is allowed.
    """
    _present(rows, question)
    until, event = _number(rows, question.duration), _event(rows, question)
    cause = _cause(rows, question, event)
    subject = _subject(rows, question)
    if question.panel:
        until, event, cause = _exits(rows, until, event, cause, subject)
    since = _since(rows, question, until)
    duration = until - since
    places = np.flatnonzero(duration > 0)
    notes = _left_out(duration, event)
    return Labels(duration[places], event[places], cause[places], subject[places], places, notes)


def _present(rows: pd.DataFrame, question: Question) -> None:
    options = {
        "--duration": question.duration,
        "--event": question.event,
        "--cause": question.cause,
        "--entry-time": question.entry,
        "--id": question.subject,
        "--time": question.time,
        "--calendar": question.calendar,
    }
    for option, name in options.items():
        if name is not None and name not in rows:
            names = ", ".join(map(str, rows.columns))
            raise TrainingRefused(f"{option}: there is no column {name!r}; there are {names}")


def _number(rows: pd.DataFrame, name: str) -> Floats:
    check_numbers(name, rows[name].dropna())
    values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(values)
    if wrong.all():
        raise TrainingRefused(f"{name}: no row has a number; a time of 0 or more is needed")
    if (at := first(wrong)) is not None:
        raise TrainingRefused(
            f"{name}: {place(rows, at)} has {_shown(rows, name, at)}; a number is needed in"
            f" every row ({int(wrong.sum())} have none)"
        )
    if (at := first(values < 0)) is not None:
        raise TrainingRefused(f"{name}: {place(rows, at)} has {values[at]:g}; 0 or more is allowed")
    return values


def _shown(rows: pd.DataFrame, name: str, at: int) -> str:
    value = rows[name].iloc[at]
    return "nothing" if pd.isna(value) else repr(rows[name].tolist()[at])


def _event(rows: pd.DataFrame, question: Question) -> NDArray[np.bool_]:
    name, values = question.event, rows[question.event]
    if (at := first(values.isna())) is not None:
        raise TrainingRefused(
            f"{name}: {place(values, at)} is empty; every row must say lost or not"
        )
    texts = values.map(_text)
    distinct = sorted(set(texts))
    if question.lost is not None:
        if _text(question.lost) not in distinct:
            raise TrainingRefused(
                f"--lost: {name} is never {question.lost!r}; it is {_some(distinct)}"
            )
        return (texts == _text(question.lost)).to_numpy(dtype=np.bool_)
    odd = [text for text in distinct if text not in LOST | STAYED]
    if odd:
        at = int(np.flatnonzero(texts == odd[0])[0])
        raise TrainingRefused(
            f"{name}: {place(values, at)} has {odd[0]!r}, neither lost nor stayed; 1/0, yes/no,"
            " true/false are "
            f"understood, or name the value that means lost with --lost (it is {_some(distinct)})"
        )
    return texts.isin(LOST).to_numpy(dtype=np.bool_)


def _text(value: object) -> str:
    text = str(value).strip().lower()
    return text.removesuffix(".0") if text.endswith(".0") else text


def _some(texts: list[str]) -> str:
    shown = ", ".join(repr(text) for text in texts[:SHOWN])
    return shown if len(texts) <= SHOWN else f"{shown} and {len(texts) - SHOWN} more"


def _cause(rows: pd.DataFrame, question: Question, event: NDArray[np.bool_]) -> NDArray[np.str_]:
    if question.cause is None:
        return np.array(["lost"], dtype=np.str_).repeat(len(rows))
    values = rows[question.cause]
    unknown = values.isna().to_numpy() & event
    if (at := first(unknown)) is not None:
        raise TrainingRefused(
            f"{question.cause}: {place(values, at)} was lost to no cause; every loss needs one"
        )
    return values.map(lambda value: str(value).strip()).to_numpy(dtype=np.str_)


def _subject(rows: pd.DataFrame, question: Question) -> NDArray[np.int64]:
    if question.subject is None:
        return np.arange(len(rows), dtype=np.int64)
    values = rows[question.subject]
    if (at := first(values.isna())) is not None:
        raise TrainingRefused(f"{question.subject}: {place(values, at)} has no id")
    keys = [question.subject, question.time] if question.time else [question.subject]
    twice = rows.duplicated(keys).to_numpy()
    if twice.any():
        raise TrainingRefused(_repeated(rows, question, int(np.flatnonzero(twice)[0])))
    return pd.factorize(values)[0].astype(np.int64)


def _repeated(rows: pd.DataFrame, question: Question, at: int) -> str:
    value = rows[str(question.subject)].tolist()[at]
    if question.time:
        moment = rows[question.time].tolist()[at]
        return (
            f"{question.subject}: {value!r} has two rows at {question.time} {moment!r},"
            f" the second on {place(rows, at)}"
        )
    return (
        f"{question.subject}: {value!r} is there twice, again on {place(rows, at)}; each subject"
        " has one row (with many rows over time, use --panel --time COL)"
    )


def _exits(
    rows: pd.DataFrame,
    until: Floats,
    event: NDArray[np.bool_],
    cause: NDArray[np.str_],
    subject: NDArray[np.int64],
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.str_]]:
    """A subject's last moment and what became of it then, for each of its rows."""
    order = np.lexsort((event, until, subject))
    last = order[np.flatnonzero(np.append(np.diff(subject[order]) != 0, True))]
    again = event & (until < until[last][subject])
    if (at := first(again)) is not None:
        raise TrainingRefused(
            f"{place(rows, at)} says lost at {until[at]:g}, but the subject was still seen later; "
            "one that came back is a new subject with an id of its own"
        )
    return until[last][subject], event[last][subject], cause[last][subject]


def _since(rows: pd.DataFrame, question: Question, until: Floats) -> Floats:
    """Each row's landmark on the clock of the durations: 0, its entry, or its time in a panel."""
    name = question.time or question.entry
    if name is None:
        return np.zeros(len(rows))
    since = _number(rows, name)
    late = since > until
    if (at := first(late)) is not None:
        raise TrainingRefused(
            f"{name}: {place(rows, at)} has {since[at]:g}, after {question.duration} {until[at]:g};"
            " a label must lie after its landmark"
        )
    if question.time and question.entry:
        entered = _number(rows, question.entry)
        if (at := first(since < entered)) is not None:
            raise TrainingRefused(
                f"{name}: {place(rows, at)} has {since[at]:g}, before {question.entry}"
                f" {entered[at]:g}"
            )
    return since


def _left_out(duration: Floats, event: NDArray[np.bool_]) -> tuple[str, ...]:
    is_early = duration <= 0
    if not is_early.any():
        return ()
    lost = int((is_early & event).sum())
    return (
        f"{int(is_early.sum())} rows without any follow-up are left out"
        + (f", {lost} of them lost at once" if lost else ""),
    )
