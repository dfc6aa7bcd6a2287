"""A part of the forecast for accounts in their first 90 days: fitted, judged, kept or left out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from ml.fitting.fit import MIN_EVENTS, fit
from ml.fitting.refit import refitted
from ml.fitting.selection import FORWARD, MIN_LOSSES, known_by, partial_likelihood, sampled
from ml.frames.frame import Frame, TrainingRefused
from ml.frames.spell_age import are_new
from ml.judging import evaluate, gate
from ml.reporting.caveats import NEWCOMERS
from ml.scoring.document import ForecastModel
from ml.scoring.features import Floats, design
from ml.scoring.hazards import ChurnModel
from ml.scoring.signal_groups import group_of

SIGNALS: Final = frozenset(
    {
        "active_days_28d", "active_members_28d", "admins_left_182d", "auto_renew",
        "completed_share", "contract_term_months", "discount_share", "enrolments_per_learner",
        "events_28d", "features_used_28d", "invoices_overdue", "learners_180d",
        "members_per_seat", "payment_failures_90d", "plan", "returned", "seats", "spell_age_days",
        "tickets_90d", "weeks_since_last_event",
    }
)  # fmt: skip
"""What can be said of an account that has just come: seats taken up, first use, courses begun,
tickets, the contract, the first charges. Anything told of onboarding is read as well."""

MAX_ROWS: Final = 60_000
"""Rows of all accounts on which the two are compared; more cost time and change little."""


def with_newcomers(
    model: ForecastModel, frame: Frame, *, seed: int = 0, min_events: int = MIN_EVENTS
) -> ForecastModel:
    """The model with a part for accounts in their first 90 days, if that part is not worse there.

    Parameters
    ----------
    min_events
        Fewest newcomers lost, as for the model itself.

    Returns
    -------
    The model; its last note says what became of newcomers. On the `start` clock, where every row is
    from a first day, the model itself.
    """
    if model.clock == "start":
        return model
    part, note = _part(model, frame, seed, min_events)
    if part is not None:
        compared = comparison(model, part, frame)
        if compared is None:
            part, note = None, "too few were lost early enough to judge a model of their own"
        else:
            part, note = (part if compared.is_kept else None), compared.note(part)
    return joined(model, part, NEWCOMERS + note)


def like(
    candidate: ForecastModel, model: ForecastModel, frame: Frame, *, seed: int = 0
) -> ForecastModel:
    """The model with a part for newcomers where the one that was judged has one, and its note."""
    notes = [note for note in candidate.notes if note.startswith(NEWCOMERS)]
    if not notes:
        return model
    if candidate.newcomers is None:
        return joined(model, None, notes[-1])
    part, refusal = _part(model, frame, seed, MIN_EVENTS)
    return joined(model, part, NEWCOMERS + refusal if part is None else notes[-1])


def rows_of(frame: Frame) -> Frame:
    """Rows from first 90 days, told only what can be known by then."""
    columns = {
        name: values
        for name, values in frame.columns.items()
        if name in SIGNALS or group_of(name) == "onboarding"
    }
    return replace(frame, columns=columns).take(are_new(frame))


def _part(
    model: ForecastModel, frame: Frame, seed: int, min_events: int
) -> tuple[ForecastModel | None, str]:
    """A fit to newcomers alone, or why there is none."""
    try:
        part = fit(rows_of(frame), seed=seed, baseline=model.baseline, min_events=min_events)
    except TrainingRefused as error:
        return None, f"no model of their own, {error}"
    missing = {c.cause for c in model.causes} - {c.cause for c in part.causes}
    if missing:
        return None, f"no model of their own, none was lost for the cause {min(missing)}"
    return part, ""


def joined(model: ForecastModel, part: ForecastModel | None, note: str) -> ForecastModel:
    """The model with this part for newcomers, or with none, and a note of it."""
    return msgspec.structs.replace(model, newcomers=part, notes=(*model.notes, note))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Newcomers' own part and the model for all, fitted to earlier rows, on later newcomers' rows.

    `error` and `error_of_all` are integrated Brier scores; `gain` is how much the log partial
    likelihood is larger under the part.
    """

    rows: int
    lost: int
    error: float
    error_of_all: float
    gain: float

    @property
    def is_kept(self) -> bool:
        """Whether the part is worse in neither."""
        return self.error <= self.error_of_all and self.gain >= 0

    def note(self, part: ForecastModel) -> str:
        """What was found, for readers."""
        verdict = "a model of their own" if self.is_kept else "no model of their own"
        return (
            f"{verdict} ({part.events} of {part.accounts} lost): on {self.rows} rows of later time,"
            f" {self.lost} accounts lost, integrated Brier score {self.error:.4f} against"
            f" {self.error_of_all:.4f} of the model for all, log partial likelihood"
            f" {self.gain:+.1f}"
        )


def comparison(model: ForecastModel, part: ForecastModel, frame: Frame) -> Comparison | None:
    """Both on newcomers of later time; None where too few were lost on either side.

    Three times both are fitted to what was known by a day, with the designs and penalties that they
    have, and judged by newcomers' rows from then on.
    """
    errors, others, gain = [np.empty(0)], [np.empty(0)], 0.0
    accounts: set[int] = set()
    for past, later in _trials(sampled(frame, 0, MAX_ROWS)):
        for_all, own = refitted(model, past), refitted(part, rows_of(past))
        if for_all is None or own is None:
            continue
        ours = msgspec.structs.replace(for_all, newcomers=own)
        errors.append(gate.holdout(ours, later, later).errors())
        others.append(gate.holdout(for_all, later, later).errors())
        gain += _likelihood(own, later) - _likelihood(for_all, later)
        accounts |= set(later.account[later.event].tolist())
    if not accounts:
        return None
    mine, theirs = np.concatenate(errors), np.concatenate(others)
    return Comparison(len(mine), len(accounts), float(mine.mean()), float(theirs.mean()), gain)


def _trials(frame: Frame) -> Iterator[tuple[Frame, Frame]]:
    """All rows as known by a day, and newcomers' rows from then on until the next such day."""
    new = frame.take(are_new(frame))
    if not len(new):
        return
    cuts = np.unique(np.quantile(new.day, FORWARD, method="nearest")).tolist()
    for cut, following in zip(cuts, [*cuts[1:], np.inf], strict=True):
        past, _ = known_by(frame, cut)
        later = new.take((new.day >= cut) & (new.day < following))
        if min(past.take(are_new(past)).lost, later.lost) >= MIN_LOSSES:
            yield past, later


def _likelihood(model: ForecastModel, frame: Frame) -> float:
    ready: ChurnModel = evaluate.ready(model)
    matrix: Floats = design(frame.columns, model.features, model.terms)[0]
    return sum(
        partial_likelihood(frame.only(cause.name), cause.log_hazard(matrix))
        for cause in ready.causes
    )
