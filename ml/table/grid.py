"""Steps of time: durations in any unit as whole steps, so that one model serves all tables."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.scoring.features import Floats

MAX_WHOLE: Final = 120
"""Whole numbers up to this are steps as they are: months of ten years."""

MAX_STEPS: Final = 500
"""More moments of loss than this share steps by quantile; losses of one step are tied."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Ends of the steps 0, 1, …, rising from 0, in the table's unit."""

    times: tuple[float, ...]

    @classmethod
    def of(cls, duration: Floats, event: NDArray[np.bool_]) -> "Grid":
        """The grid that training rows call for.

        Whole numbers up to 120 are kept. Otherwise every moment at which someone was lost ends a
        step: a Cox model knows durations only by their order, so nothing is given away. Beyond
        500 such moments steps end at their quantiles.
        """
        longest = float(duration.max())
        if longest <= MAX_WHOLE and not np.any(duration % 1):
            return cls(tuple(np.arange(longest + 1).tolist()))
        moments = np.unique(duration[event])
        if len(moments) > MAX_STEPS:
            ranks = np.linspace(0, len(moments) - 1, MAX_STEPS).round().astype(np.int64)
            moments = moments[np.unique(ranks)]
        ends = [*moments[moments > 0].tolist()]
        if not ends or longest > ends[-1]:
            ends.append(longest)
        return cls((0.0, *ends))

    def steps(self, duration: Floats, event: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Step in which each was lost, or the last one seen through; shape (rows,)."""
        times = np.array(self.times)
        lost = np.searchsorted(times, duration, side="left")
        followed = np.searchsorted(times, duration, side="right") - 1
        return np.minimum(np.where(event, lost, followed), len(times) - 1).astype(np.int64)

    def at(self, times: Floats) -> NDArray[np.int64]:
        """The last step that ends by each time; times past the end give the last step."""
        return (np.searchsorted(np.array(self.times), times, side="right") - 1).astype(np.int64)
