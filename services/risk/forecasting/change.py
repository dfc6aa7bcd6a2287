"""What moved an account's score between two moments: its data, the model, or time alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from math import exp, log
from typing import Final, TypeAlias
from uuid import UUID

from ml.scoring.attribution import BASELINE, NO_LONGER_NEW, Rescored, State
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import NEARNESS
from services.risk.domain.inputs import Inputs, feature_row, inputs_hash, number, spell_age
from services.risk.domain.scores import RiskScore
from services.risk.forecasting.models import MODELS
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


async def explain_change(
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
    scores = [*before.values(), *after.values()]
    inputs = await scores_store.inputs(conn, list({score.score_id for score in scores}))
    models = await MODELS.by_version(conn, {score.model_version for score in scores})
    return {key: compare(before.get(key), after.get(key), inputs, models) for key in account_ids}


def compare(
    start: RiskScore | None,
    end: RiskScore | None,
    inputs: Mapping[UUID, Inputs],
    models: Mapping[str, ChurnModel],
) -> RiskChange:
    """Split the change of the explained probability; exact for any two scores of an account."""
    if start is None or end is None:
        return RiskChange(start, end, None, False, {}, [], "there was no score at one of the two")
    change = end.driven_probability - start.driven_probability
    comparable = _renewal(start) == _renewal(end)
    obstacle = _obstacle((start, end), inputs, models)
    if obstacle:
        return RiskChange(start, end, change, comparable, {}, [], obstacle)
    rows = (feature_row(inputs[start.score_id]), feature_row(inputs[end.score_id]))
    parts = _Pair(start, end, rows, models).parts()
    by_kind = {kind: sum(p.contribution for p in parts if p.kind is kind) for kind in ChangeKind}
    return RiskChange(start, end, change, comparable, by_kind, parts)


def _obstacle(
    scores: tuple[RiskScore, RiskScore],
    inputs: Mapping[UUID, Inputs],
    models: Mapping[str, ChurnModel],
) -> str | None:
    """Why the change cannot be split; None if it can."""
    for score in scores:
        if score.model_version not in models:
            return f"model {score.model_version} can no longer be read"
        if inputs_hash(inputs[score.score_id]) != score.inputs_hash:
            return f"the inputs kept with the score of {score.scored_at} do not match their hash"
    return None


def _renewal(score: RiskScore) -> tuple[bool, date | None]:
    """Whether the score has_renewal of a renewal, and of which."""
    has_renewal = score.renewal_probability is not None
    return has_renewal, score.renewal_on if has_renewal else None


Corner: TypeAlias = tuple[bool, bool]
"""Whether data, and whether time, are those of the later moment."""

CORNERS: Final[Sequence[Corner]] = [
    (data, time) for data in (False, True) for time in (False, True)
]


@dataclass(frozen=True)
class _Pair:
    """Two scores with all that lies between them: each of data, time and model as then or as now.

    Shapley values over the three: what each adds, averaged over the orders in which the three can
    change. Nothing depends on which is changed first.
    """

    start: RiskScore
    end: RiskScore
    rows: tuple[FeatureRow, FeatureRow]
    models: Mapping[str, ChurnModel]

    @cached_property
    def by_model(self) -> tuple[Rescored, Rescored]:
        """The four corners of data and time under the earlier and the later model."""
        states = [self._state(corner) for corner in CORNERS]
        first = Rescored(self.models[self.start.model_version], states)
        if self.start.model_version == self.end.model_version:
            return first, first
        return first, Rescored(self.models[self.end.model_version], states)

    def parts(self) -> list[ChangePart]:
        """The largest first."""
        data, time = self._flips(ChangeKind.DATA, 0), self._flips(ChangeKind.TIME, 1)
        parts = [part for part in (*data, *time, *self._model()) if part.contribution]
        return sorted(parts, key=lambda part: (-abs(part.contribution), part.label))

    def _flips(self, kind: ChangeKind, axis: int) -> list[ChangePart]:
        """What flipping data (axis 0) or time (axis 1) does, by signal."""
        total: dict[str, float] = {}
        for other, later in CORNERS:
            ends = [(end, other) if axis == 0 else (other, end) for end in (False, True)]
            places = [CORNERS.index(corner) for corner in ends]
            for name, part in self.by_model[later].parts(places[0], places[1]).items():
                total[name] = total.get(name, 0.0) + part * _weight(other, later)
        return [self._part(kind, name, part) for name, part in total.items()]

    def _model(self) -> list[ChangePart]:
        first, second = self.by_model
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
            before, after = (spell_age(row) for row in self.rows)
            return ChangePart(None, "first 90 days", kind, before, after, part)
        before, after = (row.get(name) for row in self.rows)
        return ChangePart(name, self._label(name), kind, before, after, part)

    def _label(self, name: str) -> str:
        """The words of the model that has_renewal last."""
        features = [
            feature
            for corners in self.by_model
            for model in (corners.model.newcomers, corners.model)
            if model is not None
            for feature in model.document.features
            if feature.name == name
        ]
        return features[-1].label

    def _state(self, corner: Corner) -> State:
        """The row with data and clocks as at each of the two; clocks run while data stand still."""
        data, time = corner
        row = self.rows[data]
        if data != time:
            row = row | {name: self._clock(name, later=time) for name in CLOCKS if name in row}
            row = row | {name: self._fading(name, later=time) for name in FADING if name in row}
        return State(row, spell_age(row), number(row, "days_to_renewal"))

    @property
    def _days(self) -> float:
        return (self.end.as_of - self.start.as_of).total_seconds() / 86_400

    def _numbers(self, name: str) -> tuple[float | None, float | None]:
        first, second = self.rows
        return number(first, name), number(second, name)

    def _clock(self, name: str, *, later: bool) -> Value:
        """The clock that the other moment's data would show at this one."""
        source, ticks = self._numbers(name)[not later], self._ticks(name)
        if source is None:
            return None
        return source + ticks if later else source - ticks

    def _ticks(self, name: str) -> float:
        """How far a clock ran; within a day of what it shows, what it shows.

        Clocks count whole days, in the tenant's own zone.
        """
        before, after = self._numbers(name)
        rate = CLOCKS[name]
        ticks = self._days * rate
        if before is None or after is None:
            return ticks
        difference = after - before
        return difference if abs(difference - ticks) <= abs(rate) else ticks

    def _fading(self, name: str, *, later: bool) -> Value:
        """What the other moment's data would show at this one of an input that fades.

        With monthly terms the renewal is always as near: what shows the same twice stands still.
        """
        before, after = self._numbers(name)
        source = before if later else after
        if not source or before == after:
            return source
        steps = self._days * FADING[name]
        if before and after and abs(log(after / before) - steps) <= abs(FADING[name]):
            steps = log(after / before)
        return min(1.0, source * exp(steps if later else -steps))


def _weight(first: bool, second: bool) -> float:
    """Shapley weight of a change among three, while the two others are as then or as now."""
    return 1 / 3 if first == second else 1 / 6
