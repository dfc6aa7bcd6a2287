"""What the model would have said of an account with other inputs: association, not effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ml.scoring.document import Feature
from ml.scoring.hazards import ChurnModel
from ml.scoring.score import Forecast, score, speaker
from services.risk.domain.chance import Probability
from services.risk.domain.scores import Inputs
from services.risk.forecasting import scores
from services.risk.forecasting.replay import MODELS
from services.risk.store import past
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput
from shared.vocabulary.landmark import FeatureRow

CAUTION = (
    "An association, not an effect: what the model expects of another account that looks like this."
    " Changing the input need not change the outcome."
)


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """An input as it might be; None is unknown."""

    feature: str
    value: str | None


@dataclass(frozen=True, slots=True)
class ChangedInput:
    """An input before and after; `outside` says how the value lies beyond what training saw."""

    feature: str
    label: str
    before: float | str | bool | None
    after: float | str | bool | None
    outside: str | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What was served, and what would have been with other inputs, over the same days."""

    before: Probability
    after: Probability
    days: float
    changed: list[ChangedInput]


async def imagined(
    conn: Conn, score_ids: list[UUID], changes: list[FeatureChange]
) -> dict[UUID, WhatIf]:
    """Scores with some of their inputs changed, by the model that made them."""
    served = await scores_store.scores(conn, score_ids)
    inputs = await past.inputs(conn, list(served))
    models = await MODELS.of(conn, {score.model_version for score in served.values()})
    found: dict[UUID, WhatIf] = {}
    for score_id, one in served.items():
        if one.model_version not in models:
            raise Conflict(f"model {one.model_version} can no longer be read")
        found[score_id] = changed(models[one.model_version], inputs[score_id], changes)
    return found


def changed(model: ChurnModel, inputs: Inputs, changes: Sequence[FeatureChange]) -> WhatIf:
    """The account with and without the changes, by the part of the model that spoke of it."""
    row = scores.merged(inputs)
    model = speaker(model, scores.elapsed(row))
    wanted = {change.feature: _value(model, change) for change in changes}
    before, after = _scored(model, [row, row | wanted])
    features = {feature.name: feature for feature in model.document.features}
    moved = [
        ChangedInput(
            name, features[name].label, row.get(name), value, _outside(features[name], value, after)
        )
        for name, value in wanted.items()
        if row.get(name) != value
    ]
    return WhatIf(_chance(before), _chance(after), before.driver_days, moved)


def _scored(model: ChurnModel, rows: Sequence[FeatureRow]) -> list[Forecast]:
    return score(
        model,
        rows,
        elapsed_days=[scores.elapsed(row) for row in rows],
        days_to_renewal=[scores.number(row, "days_to_renewal") for row in rows],
    )


def _chance(found: Forecast) -> Probability:
    """The renewal, or else staying as long as the model can speak for."""
    chance = found.renewal or found.curve[-1].survival
    return Probability(chance.value, chance.low, chance.high)


def _value(model: ChurnModel, change: FeatureChange) -> float | str | None:
    feature = next((f for f in model.document.features if f.name == change.feature), None)
    if feature is None:
        raise InvalidInput("changes.feature", change.feature, ", ".join(sorted(model.features)))
    numeric = feature.kind == "number" or isinstance(feature.reference, float)
    if change.value is None or not numeric:
        return change.value
    try:
        value = float(change.value)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise InvalidInput("changes.value", change.value, f"a number, for {feature.name}")
    return value


def _outside(feature: Feature, value: float | str | None, after: Forecast) -> str | None:
    if feature.name not in after.unlike_training:
        return None
    if value is None:
        return "training never saw it unknown; it is read as the mean"
    if feature.kind == "number":
        return f"training saw {feature.low:g} to {feature.high:g}; it is read as the nearer end"
    known = ", ".join(str(level) for level in (feature.reference, *feature.levels))
    return f"training saw {known}; it is read as the nearest or the most common of these"
