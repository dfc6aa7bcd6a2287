"""How far coefficients and baselines may be off: a bootstrap of accounts."""

from typing import Final

import msgspec
import numpy as np

from ml.fitting.strata import baselines
from ml.frames.frame import Frame
from ml.scoring.document import Packed, Stratum
from ml.scoring.features import Floats

DRAWS: Final = 64
MANY_ROWS: Final = 200_000
DRAWS_OF_MANY: Final = 24
MIN_HAZARD: Final = 1e-12


def spread(
    frame: Frame,
    matrix: Floats,
    coefficients: Floats,
    influence: Floats,
    strata: dict[str, Stratum],
    *,
    cause: str,
    baseline: str,
    seed: int,
) -> dict[str, Stratum]:
    """The strata with the uncertainty of their baselines.

    Each draw weighs whole accounts anew (exponential weights of mean one, Rubin's Bayesian
    bootstrap), takes one Newton step from the fitted coefficients and makes every baseline again.
    Only the moments are kept: variance of each log cumulative hazard and covariance with the
    coefficients, so that scoring costs the same however many draws there were.

    Parameters
    ----------
    influence
        What each account moves the coefficients by, shape (accounts, terms), in order of number.
    strata
        The baselines as fitted to this cause.
    cause
        Whose losses count.
    baseline
        A key of `BASELINES`.

    References
    ----------
    Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9:130-134.
    """
    random = np.random.default_rng([seed, 17])
    accounts, account = np.unique(frame.account, return_inverse=True)
    draws = DRAWS_OF_MANY if len(frame) > MANY_ROWS else DRAWS
    steps = np.empty((draws, matrix.shape[1]))
    moves = {name: np.empty((draws, len(s.cumulative_hazard))) for name, s in strata.items()}
    for draw in range(draws):
        weights = random.exponential(size=len(accounts))
        weights /= weights.mean()
        steps[draw] = (weights - 1.0) @ influence
        log_hazard = matrix @ (coefficients + steps[draw])
        again = baselines(frame, log_hazard, baseline, cause=cause, counts=weights[account])
        for name, stratum in again.items():
            moves[name][draw] = _log(stratum) - _log(strata[name])
    return {name: _with_spread(s, moves[name], steps) for name, s in strata.items()}


def _log(stratum: Stratum) -> Floats:
    return np.log(np.maximum(stratum.cumulative_hazard, MIN_HAZARD))


def _with_spread(stratum: Stratum, moves: Floats, steps: Floats) -> Stratum:
    variance = (moves**2).mean(axis=0)
    lean = moves.T @ steps / len(moves)
    return msgspec.structs.replace(stratum, spread=tuple(variance.tolist()), lean=Packed.of(lean))
