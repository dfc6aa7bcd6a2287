"""Baselines of the renewal clock's strata; those with few losses borrow along the clock."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.fitting.baseline import BASELINES, cumulative_hazard, kalbfleisch_prentice
from ml.frames.frame import Frame
from ml.scoring.document import Stratum
from ml.scoring.features import Floats
from ml.scoring.renewal_clock import HORIZON_MONTHS, NO_RENEWAL, RENEWALS

MIN_EVENTS: Final = 15
MIN_AT_RISK: Final = 5
HALF: Final = 0.5
"""Added to a count of losses that may be none, so that nothing is called certain."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a stratum, every array of shape (rows,).

    Whole months; lost to the cause in question, or to another; exp(log partial hazard); how often
    the row counts.
    """

    duration: NDArray[np.int64]
    event: NDArray[np.bool_]
    other: NDArray[np.bool_]
    weights: Floats
    counts: Floats

    def take(self, at: NDArray[np.bool_]) -> "Rows":
        return Rows(
            self.duration[at], self.event[at], self.other[at], self.weights[at], self.counts[at]
        )

    @property
    def losses(self) -> int:
        """Rows lost, each once: what is borrowed must not depend on the draw of a bootstrap."""
        return int(self.event.sum())

    @property
    def exposure(self) -> float:
        """Weighted months at risk."""
        return float((self.weights * self.counts) @ self.duration)

    def at_risk(self, month: int) -> float:
        """Weighted rows at risk in a month; those lost to another cause in it count half."""
        reached = (self.duration >= month) * (1.0 - 0.5 * (self.other & (self.duration == month)))
        return float((self.weights * self.counts) @ reached)


def baselines(
    frame: Frame,
    log_hazard: Floats,
    baseline: str,
    *,
    cause: str | None = None,
    counts: Floats | None = None,
) -> dict[str, Stratum]:
    """The baseline of each stratum.

    A stratum of the landmark clock with fewer than 15 losses borrows: those with a renewal share
    one hazard for the month of the renewal and one for all other months; `monthly` and `none` have
    the same hazard in every month. So does a stratum with a renewal, or `none`, that training
    never met, as long as any renewal was seen. Where fewer than five rows were seen through a
    renewal nobody knows what one does: these baselines end the month before.

    Parameters
    ----------
    log_hazard
        Log partial hazard of each row, shape (rows,).
    baseline
        A key of `BASELINES`.
    cause
        Only losses for this cause count; all of them if none.
    counts
        How often each row counts, shape (rows,), as a bootstrap needs it; once each if none.

    Returns
    -------
    By stratum, up to the last month that five rows reached, twelve at most with landmarks; where
    one ends before the others, borrowed hazards carry it on to their end.
    """
    event = frame.event if cause is None else frame.lost_to(cause)
    often = np.ones(len(frame)) if counts is None else counts
    whole = Rows(frame.duration, event, frame.event & ~event, np.exp(log_hazard), often)
    names = [str(name) for name in np.unique(frame.stratum)]
    rows = {name: whole.take(frame.stratum == name) for name in names}
    if frame.clock == "start":
        return {
            name: _own(part, baseline, last_known(part.duration)) for name, part in rows.items()
        }
    reach = min(last_known(frame.duration), HORIZON_MONTHS)
    borrowed = _borrowed(rows, reach)
    for name, part in rows.items():
        if part.losses >= MIN_EVENTS:
            own = _own(part, baseline, min(reach, last_known(part.duration)))
            borrowed[name] = _lengthened(own, borrowed[name])
    return dict(sorted(borrowed.items()))


def _lengthened(own: Stratum, borrowed: Stratum) -> Stratum:
    """The baseline, carried on with the borrowed one's hazards where too few rows reached."""
    observed = np.array(own.cumulative_hazard)
    steps = np.diff(borrowed.cumulative_hazard)[len(observed) - 1 :]
    hazard = np.concatenate([observed, observed[-1] + steps.cumsum()])
    return Stratum(tuple(hazard.tolist()), len(hazard) - 1, own.rows, own.events)


def _own(part: Rows, baseline: str, reach: int) -> Stratum:
    hazard = cumulative_hazard(
        part.duration,
        part.event,
        part.weights,
        BASELINES[baseline],
        other=part.other,
        counts=part.counts,
    )
    hazards = tuple(hazard[: reach + 1].tolist())
    return Stratum(hazards, reach, len(part.duration), part.losses)


def last_known(duration: NDArray[np.int64]) -> int:
    """The last month that five rows reached, or all rows where they are fewer."""
    longest = int(duration.max())
    at_risk = np.bincount(duration, minlength=longest + 1)[::-1].cumsum()[::-1]
    return int(np.flatnonzero(at_risk >= min(MIN_AT_RISK, len(duration))).max())


def _borrowed(rows: dict[str, Rows], reach: int) -> dict[str, Stratum]:
    renewing = {month: rows[name] for month, name in RENEWALS.items() if name in rows}
    steady = {
        name: _steady(part, reach) for name, part in rows.items() if name not in RENEWALS.values()
    }
    if not renewing:
        return steady
    decision, between = _decision(renewing), _between(renewing)
    is_known = _decided(renewing) >= MIN_AT_RISK
    for month, name in RENEWALS.items():
        hazard = _even(between, reach if is_known else min(reach, month - 1))
        hazard[month : month + 1] = decision
        steady[name] = _stratum(hazard, rows.get(name))
    if NO_RENEWAL not in steady:
        steady[NO_RENEWAL] = _stratum(_even(between, reach), None)
    return steady


def _even(hazard: float, reach: int) -> Floats:
    """The same hazard in each month after the landmark."""
    return np.concatenate([[0.0], np.full(reach, hazard)])


def _steady(part: Rows, reach: int) -> Stratum:
    lost = float(part.counts[part.event].sum())
    hazard = (lost + HALF) / part.exposure if part.exposure else 0.0
    return _stratum(_even(hazard, reach), part)


def _decided(renewing: dict[int, Rows]) -> int:
    """Rows seen through the month of their renewal, or lost in it."""
    return sum(int((part.duration >= month).sum()) for month, part in renewing.items())


def _decision(renewing: dict[int, Rows]) -> float:
    """Hazard of the month in which a renewal falls, over all strata that have one."""
    left = [part.take(part.event & (part.duration == month)) for month, part in renewing.items()]
    at_risk = sum(part.at_risk(month) for month, part in renewing.items())
    weights = np.concatenate([part.weights for part in left])
    counts = np.concatenate([part.counts for part in left])
    if not len(weights):
        return HALF / max(at_risk, HALF)
    return kalbfleisch_prentice(weights, max(at_risk, float(weights @ counts)), counts)


def _between(renewing: dict[int, Rows]) -> float:
    """Hazard of a month without a renewal, over all strata that have one."""
    lost, exposure = 0.0, 0.0
    for month, part in renewing.items():
        lost += float(part.counts[part.event & (part.duration != month)].sum())
        reached = part.duration >= month
        exposure += part.exposure - float(part.weights[reached] @ part.counts[reached])
    return (lost + HALF) / max(exposure, 1.0)


def _stratum(hazard: Floats, part: Rows | None) -> Stratum:
    hazards = tuple(hazard.cumsum().tolist())
    rows, lost = (len(part.duration), part.losses) if part else (0, 0)
    return Stratum(hazards, len(hazards) - 1, rows, lost, borrowed=True)
