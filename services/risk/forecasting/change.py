"""What moved an account's score between two moments: its data, the model, or time alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from itertools import product
from math import exp, log
from typing import Final, TypeAlias
from uuid import UUID

from ml.scoring.attribution import BASELINE, NO_LONGER_NEW, Rescored, State
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import NEARNESS
from services.risk.domain.scores import Inputs, RiskScore
from services.risk.forecasting import scores
from services.risk.forecasting.replay import MODELS
from services.risk.store import past
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.landmark import FeatureRow

CLOCKS: Final = {
    "account_age_days": 1.0,
    "days_to_renewal": -1.0,
    "spell_age_days": 1.0,
    "weeks_since_last_event": 1.0 / 7.0,
}
"""Inputs that move by themselves, and how far in a day."""

FADING: Final = {"admin_left_lately": -1 / 182, NEARNESS: 1 / 274}
"""Inputs that grow or fade by themselves up to 1, and the change of their logarithm in a day."""

Value: TypeAlias = float | str | bool | None


class ChangeKind(StrEnum):
    """Why a part of a score moved."""

    DATA = "DATA"
    TIME = "TIME"
    MODEL = "MODEL"


@dataclass(frozen=True, slots=True)
class ChangePart:
    """How much one signal, the renewal clock or another model moved the explained probability."""

    feature: str | None
    label: str
    kind: ChangeKind
    before: Value
    after: Value
    contribution: float


@dataclass(frozen=True, slots=True)
class RiskChange:
    """What moved an account's score between two moments; the parts add up to `change`.

    `by_kind` are the sums of the parts by kind. `comparable` is False when the two speak of
    different renewal dates. Without parts, `unexplained` says why there are none.
    """

    start: RiskScore | None
    end: RiskScore | None
    change: float | None
    comparable: bool
    by_kind: dict[ChangeKind, float]
    parts: list[ChangePart]
    unexplained: str | None = None


async def moved(
    conn: Conn,
    account_ids: list[UUID],
    start: datetime,
    end: datetime,
    as_of: datetime | None = None,
) -> dict[UUID, RiskChange]:
    """What moved each account's served score between two moments, neither later than `as_of`."""
    if start > end:
        raise InvalidInput("from", start.isoformat(), "a moment not after `to`")
    if as_of is not None:
        start, end = min(start, as_of), min(end, as_of)
    before = await scores_store.latest(conn, account_ids, start)
    after = await scores_store.latest(conn, account_ids, end)
    both = [score for served in (before, after) for score in served.values()]
    inputs = await past.inputs(conn, list({score.score_id for score in both}))
    models = await MODELS.of(conn, {score.model_version for score in both})
    return {key: compared(before.get(key), after.get(key), inputs, models) for key in account_ids}


def compared(
    start: RiskScore | None,
    end: RiskScore | None,
    inputs: Mapping[UUID, Inputs],
    models: Mapping[str, ChurnModel],
) -> RiskChange:
    """Split the change of the explained probability; exact for any two scores of an account."""
    if start is None or end is None:
        return RiskChange(start, end, None, False, {}, [], "there was no score at one of the two")
    why_not = _unexplained((start, end), inputs, models)
    change = end.driven_probability - start.driven_probability
    comparable = _basis(start) == _basis(end)
    if why_not:
        return RiskChange(start, end, change, comparable, {}, [], why_not)
    pair = _Pair(start, end, inputs[start.score_id], inputs[end.score_id], models)
    parts = pair.parts()
    by_kind = {kind: sum(p.contribution for p in parts if p.kind is kind) for kind in ChangeKind}
    return RiskChange(start, end, change, comparable, by_kind, parts)


def _unexplained(
    both: tuple[RiskScore, RiskScore],
    inputs: Mapping[UUID, Inputs],
    models: Mapping[str, ChurnModel],
) -> str | None:
    for score in both:
        if score.model_version not in models:
            return f"model {score.model_version} can no longer be read"
        if scores.hashed(inputs[score.score_id]) != score.inputs_hash:
            return f"the inputs kept with the score of {score.scored_at} do not match their hash"
    return None


def _basis(score: RiskScore) -> tuple[bool, date | None]:
    spoken = score.renewal_probability is not None
    return spoken, score.renewal_on if spoken else None


Corner: TypeAlias = tuple[bool, bool]
"""Whether data, and whether time, are those of the later moment."""

CORNERS: Final[Sequence[Corner]] = (
    (False, False),
    (False, True),
    (True, False),
    (True, True),
)


@dataclass(frozen=True)
class _Pair:
    """Two scores with all that lies between them: each of data, time and model as then or as now.

    Shapley values over the three: what each adds, averaged over the orders in which the three can
    change. Nothing depends on which is changed first.
    """

    start: RiskScore
    end: RiskScore
    told_start: Inputs
    told_end: Inputs
    models: Mapping[str, ChurnModel]

    @cached_property
    def rescored(self) -> tuple[Rescored, Rescored]:
        """The four corners of data and time under the earlier and the later model."""
        states = [self._state(corner) for corner in CORNERS]
        first = Rescored(self.models[self.start.model_version], states)
        if self.start.model_version == self.end.model_version:
            return first, first
        return first, Rescored(self.models[self.end.model_version], states)

    def parts(self) -> list[ChangePart]:
        """The largest first."""
        found = [
            *self._flips(ChangeKind.DATA, 0),
            *self._flips(ChangeKind.TIME, 1),
            *self._model(),
        ]
        return sorted((part for part in found if part.contribution), key=_smallness)

    def _flips(self, kind: ChangeKind, axis: int) -> list[ChangePart]:
        """What flipping data (axis 0) or time (axis 1) does, by signal."""
        total: dict[str, float] = {}
        for held, later in product((False, True), repeat=2):
            ends = [(flipped, held) if axis == 0 else (held, flipped) for flipped in (False, True)]
            places = [CORNERS.index(corner) for corner in ends]
            for name, part in self.rescored[later].parts(places[0], places[1]).items():
                total[name] = total.get(name, 0.0) + part * _weight(held, later)
        return [self._part(kind, name, part) for name, part in total.items()]

    def _model(self) -> list[ChangePart]:
        first, second = self.rescored
        if first is second:
            return []
        part = sum(
            (second.forecasts[i].driven - first.forecasts[i].driven) * _weight(*corner)
            for i, corner in enumerate(CORNERS)
        )
        versions = (self.start.model_version, self.end.model_version)
        return [ChangePart(None, "another model", ChangeKind.MODEL, *versions, part)]

    def _part(self, kind: ChangeKind, name: str, part: float) -> ChangePart:
        if name == BASELINE:
            days = (self.start.renewal_on, self.end.renewal_on)
            before, after = (day.isoformat() if day else None for day in days)
            return ChangePart(None, "renewal clock", kind, before, after, part)
        if name == NO_LONGER_NEW:
            ages = (self._age(self.told_start), self._age(self.told_end))
            return ChangePart(None, "first 90 days", kind, *ages, part)
        rows = (scores.merged(self.told_start), scores.merged(self.told_end))
        before, after = (row.get(name) for row in rows)
        return ChangePart(name, self._label(name), kind, before, after, part)

    def _age(self, told: Inputs) -> Value:
        return scores.elapsed(scores.merged(told))

    def _label(self, name: str) -> str:
        features = [
            feature
            for rescored in self.rescored
            for part in (rescored.model.newcomers, rescored.model)
            if part is not None
            for feature in part.document.features
            if feature.name == name
        ]
        return features[-1].label

    def _state(self, corner: Corner) -> State:
        """The row with data and clocks as at each of the two; clocks run while data stand still."""
        data, time = corner
        row: FeatureRow = scores.merged(self.told_end if data else self.told_start)
        if data != time:
            row = row | {name: self._clock(name, later=time) for name in CLOCKS if name in row}
            row = row | {name: self._faded(name, later=time) for name in FADING if name in row}
        return State(row, scores.elapsed(row), scores.number(row, "days_to_renewal"))

    def _clock(self, name: str, *, later: bool) -> Value:
        """The clock that the other moment's data would show at this one."""
        rows = (scores.merged(self.told_start), scores.merged(self.told_end))
        values = [scores.number(row, name) for row in rows]
        source, passed = values[not later], self._passed(name)
        if source is None:
            return None
        return source + passed if later else source - passed

    def _passed(self, name: str) -> float:
        """How far a clock ran; within a day of what it shows, what it shows.

        Clocks count whole days, in the tenant's own zone.
        """
        rows = (scores.merged(self.told_start), scores.merged(self.told_end))
        before, after = (scores.number(row, name) for row in rows)
        rate = CLOCKS[name]
        elapsed = (self.end.as_of - self.start.as_of).total_seconds() / 86_400 * rate
        if before is None or after is None:
            return elapsed
        shown = after - before
        return shown if abs(shown - elapsed) <= abs(rate) else elapsed

    def _faded(self, name: str, *, later: bool) -> Value:
        """What the other moment's data would show at this one of an input that fades.

        With monthly terms the renewal is always as near: what shows the same twice stands still.
        """
        rows = (scores.merged(self.told_start), scores.merged(self.told_end))
        before, after = (scores.number(row, name) for row in rows)
        source = before if later else after
        if not source or before == after:
            return source
        days = (self.end.as_of - self.start.as_of).total_seconds() / 86_400
        passed = days * FADING[name]
        if before and after and abs(log(after / before) - passed) <= abs(FADING[name]):
            passed = log(after / before)
        return min(1.0, source * exp(passed if later else -passed))


def _weight(one: bool, other: bool) -> float:
    """Shapley weight of a change among three, while the two others are as then or as now."""
    return 1 / 3 if one == other else 1 / 6


def _smallness(part: ChangePart) -> tuple[float, str]:
    return -abs(part.contribution), part.label
