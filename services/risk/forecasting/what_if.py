"""What the model would have said of an account with other inputs: association, not effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ml.scoring.document import Feature
from ml.scoring.hazards import ChurnModel
from ml.scoring.score import Forecast, speaker
from services.risk.domain.chance import Probability
from services.risk.domain.inputs import Inputs, feature_row, spell_age
from services.risk.forecasting.models import MODELS, predict
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput

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


async def what_if(
    conn: Conn, score_ids: list[UUID], changes: list[FeatureChange]
) -> dict[UUID, WhatIf]:
    """Scores with some of their inputs changed, by the model that made them."""
    versions = {
        score_id: score.model_version
        for score_id, score in (await scores_store.scores(conn, score_ids)).items()
    }
    inputs = await scores_store.inputs(conn, list(versions))
    models = await MODELS.by_version(conn, set(versions.values()))
    unreadable = set(versions.values()) - set(models)
    if unreadable:
        raise Conflict(f"model {min(unreadable)} can no longer be read")
    return {key: vary(models[version], inputs[key], changes) for key, version in versions.items()}


def vary(model: ChurnModel, inputs: Inputs, changes: Sequence[FeatureChange]) -> WhatIf:
    """The account with and without the changes, by the part of the model that spoke of it."""
    row = feature_row(inputs)
    model = speaker(model, spell_age(row))
    values = {change.feature: _value(model, change) for change in changes}
    before, after = predict(model, [row, row | values])
    features = {feature.name: feature for feature in model.document.features}
    differences = [
        ChangedInput(
            name, features[name].label, row.get(name), value, _outside(features[name], value, after)
        )
        for name, value in values.items()
        if row.get(name) != value
    ]
    return WhatIf(_chance(before), _chance(after), before.driver_days, differences)


def _chance(forecast: Forecast) -> Probability:
    """The renewal, or else staying as long as the model can speak for."""
    chance = forecast.renewal or forecast.curve[-1].survival
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
    levels = ", ".join(str(level) for level in (feature.reference, *feature.levels))
    return f"training saw {levels}; it is read as the nearest or the most common of these"
