"""The training frame: one row per account at a landmark, whatever the clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ml.frames.halves import Halves
from ml.scoring.document import Clock
from ml.scoring.features import Columns, level_of
from ml.scoring.renewal_clock import EVERYONE
from shared.vocabulary.errors import Refusal
from shared.vocabulary.landmark import VOLUNTARY


class TrainingRefused(Refusal):
    """The rows cannot carry a model; the message says why in one sentence."""

    code: ClassVar[str] = "TRAINING_REFUSED"


class TooFewLosses(TrainingRefused):
    """Too few accounts have churned for a model; curves by stratum may still be made."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows to train on or to be judged by; every array has shape (rows,).

    `columns` are the signals known strictly before the landmark; `duration` whole months from it
    to churn or censoring; `event` True for churn; `stratum` the place on the renewal clock;
    `account` a number that is the same for all rows of an account; `sources` the service each
    signal comes from. `cause` says why an account was lost and means nothing where it was not;
    `day` is the landmark's day, counted as `date.toordinal` does (0: no calendar is known).
    `halves`, where services were asked for them, is what either half of members, tickets and
    payments tells of some of the accounts; it stays when rows are taken.
    `labels` are signals' names as people read them; `left_out` says of some why they are not here.
    """

    clock: Clock
    columns: Columns
    duration: NDArray[np.int64]
    event: NDArray[np.bool_]
    stratum: NDArray[np.str_]
    account: NDArray[np.int64]
    data_from: date
    data_to: date
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    cause: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    day: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    halves: Halves | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Without causes all losses are of one, and without days all rows are of one."""
        if not len(self.cause):
            only = np.array([VOLUNTARY], dtype=np.str_).repeat(len(self.duration))
            object.__setattr__(self, "cause", only)
        if not len(self.day):
            object.__setattr__(self, "day", np.zeros(len(self.duration), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.duration)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Frame":
        """The same frame with only these rows."""
        return replace(
            self,
            columns={name: values[rows] for name, values in self.columns.items()},
            duration=self.duration[rows],
            event=self.event[rows],
            stratum=self.stratum[rows],
            account=self.account[rows],
            cause=self.cause[rows],
            day=self.day[rows],
        )

    @property
    def causes(self) -> tuple[str, ...]:
        """Why accounts were lost: the cause of most accounts first, then by name."""
        counts = {
            str(name): len(np.unique(self.account[self.lost_to(str(name))]))
            for name in np.unique(self.cause[self.event])
        }
        return tuple(sorted(counts, key=lambda name: (-counts[name], name)))

    def lost_to(self, cause: str) -> NDArray[np.bool_]:
        """True where the account was lost for this cause, shape (rows,)."""
        return self.event & (self.cause == cause)

    def only(self, cause: str) -> "Frame":
        """The same rows, where losses for any other cause count as censored."""
        return replace(self, event=self.lost_to(cause))

    @property
    def accounts(self) -> int:
        return len(np.unique(self.account))

    @property
    def lost(self) -> int:
        """Number of accounts that churned: one loss seen from many landmarks counts once."""
        return len(np.unique(self.account[self.event]))

    def hashed(self) -> str:
        """SHA-256 of everything the model is fitted to, in row order."""
        digest = sha256(self.clock.encode())
        for array in (self.duration, self.event, self.account):
            digest.update(np.ascontiguousarray(array).tobytes())
        for names in (self.stratum, self.cause[self.event]):
            digest.update("\x1f".join(map(str, names)).encode())
        digest.update(np.ascontiguousarray(self.day).tobytes())
        for name in sorted(self.columns):
            digest.update(name.encode() + b"\x1e" + _text(self.columns[name]))
        digest.update(self.halves.hashed() if self.halves else b"")
        return digest.hexdigest()


def _text(values: NDArray[Any]) -> bytes:
    return "\x1f".join(repr(level_of(value)) for value in values.tolist()).encode()


def one_stratum(rows: int) -> NDArray[np.str_]:
    """The stratum of a clock that knows only one."""
    return np.array([EVERYONE], dtype=np.str_).repeat(rows)


def checked(frame: Frame, *, min_events: int) -> Frame:
    """The frame itself, if it can carry a model.

    Raises
    ------
    TrainingRefused
        If it is empty, nobody or everybody churned, fewer than `min_events` accounts were lost,
        or a label lies before its landmark.
    """
    if not len(frame):
        raise TrainingRefused(
            "there is nothing to train on: no account was under contract at any landmark"
        )
    if int(frame.duration.min()) < 0:
        rows = int((frame.duration < 0).sum())
        raise TrainingRefused(
            f"{rows} rows end before their landmark: a label must lie after what is known"
        )
    if not frame.event.any():
        raise TrainingRefused(
            f"no account of {frame.accounts} has churned yet; a forecast needs losses to learn from"
        )
    if frame.event.all():
        raise TrainingRefused(
            f"every one of {frame.accounts} accounts churned; a forecast needs some that stayed"
        )
    if frame.lost < min_events:
        raise TooFewLosses(
            f"only {frame.lost} of {frame.accounts} accounts have churned; "
            f"a forecast needs at least {min_events}"
        )
    return frame
