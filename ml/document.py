"""The exported forecast model: plain JSON with a checksum, never a pickle."""

from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec

FORMAT = "tenure.forecast/1"

Level: TypeAlias = str | float
Clock: TypeAlias = Literal["landmark", "start"]


class ModelUnreadable(ValueError):
    """The document is not a forecast model of a format known here: truncated, foreign or newer."""


class ModelTampered(ModelUnreadable):
    """The document's bytes, or its features, do not match their checksum."""


class Feature(msgspec.Struct, frozen=True):
    """How one signal is read: a number with range and knots, or one of a few levels."""

    name: str
    label: str
    source: str
    kind: Literal["number", "level"]
    low: float = 0.0
    high: float = 0.0
    fill: float = 0.0
    logarithmic: bool = False
    may_be_missing: bool = False
    knots: tuple[float, ...] = ()
    levels: tuple[Level, ...] = ()
    reference: Level = ""


class Term(msgspec.Struct, frozen=True):
    """One column of the design; `left` and `right` are positions of the factors of a product."""

    kind: Literal["linear", "spline", "missing", "level", "product"]
    feature: str
    level: Level = ""
    knot: int = 0
    left: int = -1
    right: int = -1
    mean: float = 0.0
    scale: float = 1.0


class Stratum(msgspec.Struct, frozen=True):
    """Baseline cumulative hazard at the end of months 0, 1, …; data reach to `reach_months`.

    `borrowed`: too few losses for a baseline of its own.
    """

    cumulative_hazard: tuple[float, ...]
    reach_months: int
    rows: int
    events: int
    borrowed: bool = False


class ForecastModel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that scoring needs and everything that says where the model came from."""

    format: str = FORMAT
    clock: Clock
    horizon_months: int
    tail_months: int
    baseline: str
    features: tuple[Feature, ...]
    terms: tuple[Term, ...]
    schema_hash: str
    coefficients: tuple[float, ...]
    variance: tuple[tuple[float, ...], ...]
    strata: dict[str, Stratum]
    data_from: str
    data_to: str
    data_hash: str
    rows: int
    accounts: int
    events: int
    seed: int
    penalty: float
    interaction_penalty: float | None
    notes: tuple[str, ...]
    libraries: dict[str, str]
    metrics: dict[str, float] = msgspec.field(default_factory=dict[str, float])


def schema_hash(features: tuple[Feature, ...], terms: tuple[Term, ...]) -> str:
    """Hash of what the model expects to be told, in which units and order."""
    return sha256(msgspec.json.encode((features, terms))).hexdigest()


def encode(model: ForecastModel) -> tuple[bytes, str]:
    """The document's bytes and their SHA-256; the same model gives the same bytes."""
    document = msgspec.json.encode(model)
    return document, sha256(document).hexdigest()


def decode(document: bytes, checksum: str) -> ForecastModel:
    """Read a document back.

    Raises
    ------
    ModelTampered
        If the bytes do not have this checksum, or the feature list not its hash.
    ModelUnreadable
        If the bytes are no forecast model of this format.
    """
    if sha256(document).hexdigest() != checksum:
        raise ModelTampered(
            "the forecast model's bytes do not match its checksum; it was cut or changed"
        )
    try:
        model = msgspec.json.decode(document, type=ForecastModel)
    except msgspec.MsgspecError as error:
        raise ModelUnreadable(f"this is not a forecast model: {error}") from error
    if model.format != FORMAT:
        raise ModelUnreadable(
            f"forecast model of format {model.format!r}; only {FORMAT!r} is known"
        )
    if schema_hash(model.features, model.terms) != model.schema_hash:
        raise ModelTampered("the forecast model's feature list does not match its hash")
    return model
