"""The simulated stretch of time, and everything drawn or named in it for good."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from ml.simulation.planted import Floats, Ints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Clock:
    """The simulated stretch in days from 1970; nothing is known after `until`."""

    since: int
    until: int
    seed: int

    @classmethod
    def back_from(cls, until: date, months: int, seed: int) -> "Clock":
        return cls(day_of(add_months(until, -months)), day_of(until), seed)

    @property
    def weeks(self) -> int:
        return (self.until - self.since) // 7 + 2

    def week(self, day: float | Floats | Ints) -> Ints:
        """Index of the week a day lies in, held inside the stretch."""
        return np.clip((np.asarray(day) - self.since) // 7, 0, self.weeks - 1).astype(np.int64)

    def rng(self, *stream: int) -> np.random.Generator:
        """A stream of draws of its own, so that one part cannot disturb another."""
        return np.random.default_rng([self.seed, *stream])

    def name(self, *parts: object) -> UUID:
        """An id that depends on nothing but seed, last day and the thing named."""
        label = "/".join(str(part) for part in (self.seed, self.until, *parts))
        return uuid5(UUID(int=0), f"tenure simulate {label}")


def moment(day: float) -> datetime:
    """The moment `day` days after 1970, to the second."""
    return EPOCH + timedelta(seconds=round(day * _DAY_S))


def moments(days: NDArray[np.float64]) -> list[datetime]:
    """`moment` of each, fast."""
    return [datetime.fromtimestamp(second, UTC) for second in seconds(days).tolist()]


def seconds(days: NDArray[np.float64]) -> Ints:
    """Whole seconds after 1970 began."""
    return np.rint(days * _DAY_S).astype(np.int64)


def day_of(on: date) -> int:
    """Days from 1970 to a date, the simulator's clock."""
    return on.toordinal() - EPOCH.toordinal()


def date_of(day: float) -> date:
    return date.fromordinal(int(day) + EPOCH.toordinal())


def add_months(on: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(on.day, last))


def random_ids(rng: np.random.Generator, count: int) -> Iterator[UUID]:
    """Version 8 ids drawn in bulk: hashing a name for each of a million events is slow."""
    entropy = rng.bytes(16 * count)
    mask, mark = ~((0xF << 76) | (0x3 << 62)), (0x8 << 76) | (0x2 << 62)
    for at in range(0, 16 * count, 16):
        yield UUID(int=int.from_bytes(entropy[at : at + 16], "big") & mask | mark)
