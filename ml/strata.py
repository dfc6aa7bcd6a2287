"""Baselines of the renewal clock's strata; those with few losses borrow along the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.baseline import BASELINES, cumulative_hazard, kalbfleisch_prentice
from ml.document import Stratum
from ml.features import Floats
from ml.frame import Frame
from ml.renewal_clock import HORIZON_MONTHS, NO_RENEWAL, RENEWALS

LEAST_EVENTS: Final = 15
LEAST_AT_RISK: Final = 5
HALF: Final = 0.5
"""Added to a count of losses that may be none, so that nothing is called certain."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a stratum: whole months, churned or not, exp(log partial hazard); shape (rows,)."""

    duration: NDArray[np.int64]
    event: NDArray[np.bool_]
    weights: Floats

    @property
    def exposure(self) -> float:
        """Weighted months at risk."""
        return float(self.weights @ self.duration)


def baselines(frame: Frame, log_hazard: Floats, baseline: str) -> dict[str, Stratum]:
    """The baseline of each stratum.

    A stratum of the landmark clock with fewer than 15 losses borrows: those with a renewal share
    one hazard for the month of the renewal and one for all other months; `monthly` and `none` have
    the same hazard in every month. So does a stratum with a renewal, or `none`, that training
    never met, as long as any renewal was seen.

    Returns
    -------
    By stratum, up to the last month that five rows reached, twelve at most with landmarks; where
    one ends before the others, borrowed hazards carry it on to their end.
    """
    weights = np.exp(log_hazard)
    rows = {
        name: Rows(frame.duration[at], frame.event[at], weights[at])
        for name, at in ((str(n), frame.stratum == n) for n in np.unique(frame.stratum))
    }
    if frame.clock == "start":
        return {name: _own(part, baseline, _reach(part.duration)) for name, part in rows.items()}
    reach = min(_reach(frame.duration), HORIZON_MONTHS)
    found = _borrowed(rows, reach)
    for name, part in rows.items():
        if int(part.event.sum()) >= LEAST_EVENTS:
            own = _own(part, baseline, min(reach, _reach(part.duration)))
            found[name] = _lengthened(own, found[name])
    return dict(sorted(found.items()))


def _lengthened(own: Stratum, borrowed: Stratum) -> Stratum:
    """The baseline, carried on with the borrowed one's hazards where too few rows reached."""
    known = np.array(own.cumulative_hazard)
    steps = np.diff(borrowed.cumulative_hazard)[len(known) - 1 :]
    hazard = np.concatenate([known, known[-1] + steps.cumsum()])
    return Stratum(tuple(hazard.tolist()), len(hazard) - 1, own.rows, own.events)


def _own(part: Rows, baseline: str, reach: int) -> Stratum:
    hazard = cumulative_hazard(part.duration, part.event, part.weights, BASELINES[baseline])
    known = tuple(hazard[: reach + 1].tolist())
    return Stratum(known, reach, len(part.duration), int(part.event.sum()))


def _reach(duration: NDArray[np.int64]) -> int:
    longest = int(duration.max())
    at_risk = np.bincount(duration, minlength=longest + 1)[::-1].cumsum()[::-1]
    return int(np.flatnonzero(at_risk >= min(LEAST_AT_RISK, len(duration))).max())


def _borrowed(rows: dict[str, Rows], reach: int) -> dict[str, Stratum]:
    renewing = {month: rows[name] for month, name in RENEWALS.items() if name in rows}
    steady = {
        name: _steady(part, reach) for name, part in rows.items() if name not in RENEWALS.values()
    }
    if not renewing:
        return steady
    decision, between = _decision(renewing), _between(renewing)
    for month, name in RENEWALS.items():
        hazard = _even(between, reach)
        hazard[month : month + 1] = decision
        steady[name] = _stratum(hazard, rows.get(name))
    if NO_RENEWAL not in steady:
        steady[NO_RENEWAL] = _stratum(_even(between, reach), None)
    return steady


def _even(hazard: float, reach: int) -> Floats:
    """The same hazard in each month after the landmark."""
    return np.concatenate([[0.0], np.full(reach, hazard)])


def _steady(part: Rows, reach: int) -> Stratum:
    hazard = (int(part.event.sum()) + HALF) / part.exposure if part.exposure else 0.0
    return _stratum(_even(hazard, reach), part)


def _decision(renewing: dict[int, Rows]) -> float:
    """Hazard of the month in which a renewal falls, over all strata that have one."""
    left: Sequence[Floats] = [
        part.weights[part.event & (part.duration == month)] for month, part in renewing.items()
    ]
    at_risk = sum(
        float(part.weights[part.duration >= month].sum()) for month, part in renewing.items()
    )
    lost = np.concatenate(left)
    return kalbfleisch_prentice(lost, at_risk) if len(lost) else HALF / max(at_risk, HALF)


def _between(renewing: dict[int, Rows]) -> float:
    """Hazard of a month without a renewal, over all strata that have one."""
    lost = sum(int((p.event & (p.duration != month)).sum()) for month, p in renewing.items())
    exposure = sum(
        part.exposure - float(part.weights[part.duration >= month].sum())
        for month, part in renewing.items()
    )
    return (lost + HALF) / max(exposure, 1.0)


def _stratum(hazard: Floats, part: Rows | None) -> Stratum:
    known = tuple(hazard.cumsum().tolist())
    seen, lost = (len(part.duration), int(part.event.sum())) if part else (0, 0)
    return Stratum(known, len(known) - 1, seen, lost, borrowed=True)
