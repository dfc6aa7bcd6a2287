"""What a model was judged on: figures that travel from training to the report and the graph."""

from datetime import date

import msgspec


class Bin(msgspec.Struct, frozen=True):
    """Accounts of like forecast: mean chance of churn predicted, and seen (Kaplan–Meier)."""

    predicted: float
    observed: float
    rows: int


class Horizon(msgspec.Struct, frozen=True):
    """Calibration by the end of a month: churn predicted and seen (Kaplan–Meier), tenths of both.

    `lost` counts rows; `ici` is the mean distance between chances predicted and seen, None where
    too few were lost to draw the curve of what was seen.
    """

    month: int
    lost: int
    predicted: float
    observed: float
    ici: float | None
    bins: list[Bin]


class Segment(msgspec.Struct, frozen=True):
    """Rows of a kind: churn seen and expected by the end of months 0, 1, … and losses by then."""

    name: str
    rows: int
    seen: list[float]
    expected: list[float]
    losses: list[int]

    @property
    def lost(self) -> int:
        """Rows lost by the last month."""
        return self.losses[-1]

    @property
    def observed(self) -> float:
        """Churn seen by the last month."""
        return self.seen[-1]

    @property
    def predicted(self) -> float:
        """Churn expected by the last month."""
        return self.expected[-1]


class SignalDrift(msgspec.Struct, frozen=True):
    """A signal that lay otherwise than before: its PSI, and what so few accounts show by chance."""

    signal: str
    psi: float
    by_chance: float


class Drift(msgspec.Struct, frozen=True):
    """Signals that moved between two landmarks of the training rows, farthest first."""

    earlier: str
    newest: str
    signals: int
    moved: list[SignalDrift]


class Origin(msgspec.Struct, frozen=True):
    """The recipe tried at a day that has passed, on accounts followed so many months from it."""

    day: date
    months: int
    accounts: int
    lost: int
    figures: dict[str, float]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a forecast on accounts it was not fitted to.

    `origin`: how they were held out. `month`: the last one judged. `rolling` holds origins,
    oldest first, where a rolling evaluation was made; `drift` says what moved while the data grew,
    where they have a calendar.
    """

    origin: str
    rows: int
    accounts: int
    lost: int
    month: int
    figures: dict[str, float]
    calibration: list[Horizon]
    segments: list[Segment]
    rolling: list[Origin] = msgspec.field(default_factory=list[Origin])
    drift: Drift | None = None
