"""The forecast judged cause by cause on rolling windows: who is lost why, not only whether."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ml.backtesting.backtest import Figures
from ml.backtesting.windows import Window
from ml.frames.frame import Frame
from ml.judging import evaluate, metrics
from ml.judging.metrics import Outcome
from ml.scoring.features import Floats
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import HORIZON_MONTHS

FIGURES: Final = {
    "losses": "lost",
    "expected": "expected",
    "oe_12m": "observed / expected",
    "auc_12m": "AUC",
    "brier_12m": "Brier score",
}
"""Names of the figures for readers, all of them at twelve months."""


def by_cause(models: Sequence[ChurnModel], windows: Sequence[Window]) -> dict[str, Figures]:
    """Figures of each cause over all windows, at twelve months.

    Whoever was lost for another cause within the twelve months was not lost for this one: the
    forecast of a cause is its cumulative incidence, and that is what came of it.

    Parameters
    ----------
    models
        The forecast as fitted at each window's origin.
    windows
        Accounts at each origin with what became of them, followed for twelve months.

    Returns
    -------
    By cause, that of most losses first: `rows`, `losses`, `expected` losses, `oe_12m` (NaN where
    none is expected), `auc_12m` (NaN without losses) and `brier_12m`.

    References
    ----------
    Blanche, Dartigues and Jacqmin-Gadda (2013), Estimating and comparing time-dependent areas under
    receiver operating characteristic curves for censored event times with competing risks,
    Statistics in Medicine 32:5381-5397: controls are those lost for another cause, too.
    """
    chances = [_chances(model, window.ahead) for model, window in zip(models, windows, strict=True)]
    lost = [_lost(window.ahead) for window in windows]
    names = {name for figures in (*chances, *lost) for name in figures}
    answers = {name: _figures(name, chances, lost, windows) for name in names}
    return dict(sorted(answers.items(), key=lambda figures: (-figures[1]["losses"], figures[0])))


def _chances(model: ChurnModel, ahead: Frame) -> dict[str, Floats]:
    return {
        name: chance[:, min(HORIZON_MONTHS, int(chance.shape[1]) - 1)]
        for name, chance in evaluate.incidences_by_month(model, ahead).items()
    }


def _lost(ahead: Frame) -> dict[str, Outcome]:
    """What became of everyone, cause by cause; other causes leave an account where it was."""
    outcomes: dict[str, Outcome] = {}
    for name in ahead.causes:
        lost = ahead.lost_to(name) & (ahead.duration <= HORIZON_MONTHS)
        months = np.where(lost, ahead.duration, HORIZON_MONTHS)
        outcomes[name] = Outcome(months, lost, closed=True)
    return outcomes


def _figures(
    name: str,
    chances: Sequence[dict[str, Floats]],
    lost: Sequence[dict[str, Outcome]],
    windows: Sequence[Window],
) -> Figures:
    nobody = [np.zeros(len(window.ahead)) for window in windows]
    chance = np.concatenate([t.get(name, n) for t, n in zip(chances, nobody, strict=True)])
    months, is_lost = (
        np.concatenate(
            [
                getattr(labels[name], of) if name in labels else np.full(len(n), without)
                for labels, n in zip(lost, nobody, strict=True)
            ]
        )
        for of, without in (("duration", HORIZON_MONTHS), ("event", False))
    )
    outcome = Outcome(months, is_lost, closed=True)
    expected, losses = float(chance.sum()), float(is_lost.sum())
    return {
        "rows": float(len(chance)),
        "losses": losses,
        "expected": expected,
        "oe_12m": losses / expected if expected > 0 else float("nan"),
        "auc_12m": metrics.auc(outcome, outcome, chance, HORIZON_MONTHS),
        "brier_12m": float(np.mean((chance - is_lost) ** 2)),
    }
