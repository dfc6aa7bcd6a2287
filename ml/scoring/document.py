"""The exported forecast model: plain JSON with a checksum, never a pickle."""

from hashlib import sha256
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

FORMAT: Final = "tenure.forecast/2"
MIXED: Final = "tenure.forecast/3"
"""The format of a model with a cause whose hazards are not proportional: who knows only the older
one must not read it as if they were."""

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


class Packed(msgspec.Struct, frozen=True):
    """A table of numbers as base64 of little-endian floats of four bytes, row by row."""

    rows: int
    columns: int
    values: bytes

    @classmethod
    def of(cls, table: NDArray[np.float64]) -> "Packed":
        """Pack an array of shape (rows, columns)."""
        return cls(table.shape[0], table.shape[1], table.astype("<f4").tobytes())

    def array(self) -> NDArray[np.float64]:
        """The array back, shape (rows, columns).

        Raises
        ------
        ModelUnreadable
            If the values do not fill that shape.
        """
        if len(self.values) != 4 * self.rows * self.columns:
            raise ModelUnreadable("a table of the forecast model has another size than it says")
        flat = np.frombuffer(self.values, dtype="<f4").astype(np.float64)
        return flat.reshape(self.rows, self.columns)


class Stratum(msgspec.Struct, frozen=True):
    """Baseline cumulative hazard at the end of months 0, 1, …; data reach to `reach_months`.

    `borrowed`: too few losses for a baseline of its own. `spread` is the variance of the log of the
    cumulative hazard at those months and `lean` its covariance with the coefficients, shape
    (months, terms); empty where they are not known.
    """

    cumulative_hazard: tuple[float, ...]
    reach_months: int
    rows: int
    events: int
    borrowed: bool = False
    spread: tuple[float, ...] = ()
    lean: Packed | None = None


class Cure(msgspec.Struct, frozen=True):
    """A mixture of accounts that will leave and accounts that never will (`ml.scoring.cure`).

    `log_odds` that the reference account ever leaves; `pace`, 0 or more, by how much the log
    hazard of those who will grows with the log odds.
    """

    log_odds: float
    pace: float


class CauseModel(msgspec.Struct, frozen=True, kw_only=True):
    """The hazard of being lost for one cause: coefficients of the design's terms and baselines.

    `effects`: `own`, fitted to this cause; `shared`, fitted to all losses; `none`, too few losses
    to say what makes a difference. `variance` is that of the coefficients, shape (terms, terms).
    `unseen` is the variance, over accounts, of the log hazard around what signals show; 0 where
    services could not tell of halves. With `cure` the coefficients are those of the log odds of
    ever leaving and the baselines those of accounts that will; without, hazards are proportional.
    """

    cause: str
    effects: Literal["own", "shared", "none"]
    events: int
    coefficients: tuple[float, ...]
    variance: Packed
    strata: dict[str, Stratum]
    penalty: float | None = None
    interaction_penalty: float | None = None
    bend_penalty: float | None = None
    unseen: float = 0.0
    cure: Cure | None = None


class ForecastModel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that scoring needs and everything that says where the model came from.

    All causes share features, terms and the names of strata; the cause of most losses comes first.
    `basis`: `model`, or `strata` where losses were too few and every account of a stratum gets its
    Kaplan–Meier curve. `newcomers` speaks for accounts in their first 90 days instead.
    """

    format: str = FORMAT
    clock: Clock
    basis: Literal["model", "strata"] = "model"
    horizon_months: int
    tail_months: int
    baseline: str
    features: tuple[Feature, ...]
    terms: tuple[Term, ...]
    schema_hash: str
    causes: tuple[CauseModel, ...]
    data_from: str
    data_to: str
    data_hash: str
    rows: int
    accounts: int
    events: int
    seed: int
    notes: tuple[str, ...]
    libraries: dict[str, str]
    metrics: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    newcomers: "ForecastModel | None" = None

    @property
    def signals(self) -> list[str]:
        """Names of all signals that are read, those only newcomers' part reads at the end."""
        both = (self.features, self.newcomers.features if self.newcomers else ())
        return list(dict.fromkeys(feature.name for part in both for feature in part))


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
    _refuse_other_formats(document)
    try:
        model = msgspec.json.decode(document, type=ForecastModel)
    except msgspec.MsgspecError as error:
        raise ModelUnreadable(f"this is not a forecast model: {error}") from error
    for part in (model, model.newcomers):
        if part and schema_hash(part.features, part.terms) != part.schema_hash:
            raise ModelTampered("the forecast model's feature list does not match its hash")
    return model


class _Header(msgspec.Struct):
    format: str


def _refuse_other_formats(document: bytes) -> None:
    try:
        name = msgspec.json.decode(document, type=_Header).format
    except msgspec.MsgspecError as error:
        raise ModelUnreadable(f"this is not a forecast model: {error}") from error
    if name not in (FORMAT, MIXED):
        raise ModelUnreadable(
            f"forecast model of format {name!r}; only {FORMAT!r} and {MIXED!r} are known: "
            "train again"
        )
