"""What serves while too few were lost for a model: curves by stratum, judged and marked."""

from typing import Final

import msgspec
import numpy as np

from ml.fitting.fit import MIN_FOR_STRATA, fit_strata, prepared
from ml.fitting.refit import refitted
from ml.fitting.selection import folds
from ml.frames.frame import Frame
from ml.judging import evaluate, evidence, gate
from ml.scoring import document
from ml.scoring.document import ForecastModel, ModelUnreadable
from ml.scoring.features import Floats
from ml.training.release import ReleaseCandidate
from shared.vocabulary.model_document import ServedModel

FOLDS: Final = 4
HELD_OUT: Final = "each account by curves made of three quarters of the others"


def may_serve(champion: ServedModel | None) -> bool:
    """Whether curves may serve: where nothing does yet, or nothing but curves."""
    if champion is None:
        return True
    try:
        return document.decode(champion.document, champion.checksum).basis == "strata"
    except ModelUnreadable:
        return False


def curves(
    frame: Frame, champion: ServedModel | None, seed: int
) -> tuple[ForecastModel, ReleaseCandidate]:
    """Kaplan–Meier curves by stratum, to serve, with the verdict on them.

    With so few losses none can be kept aside for judging. So each account is forecast by curves
    that were made without it and a quarter of the others, and all losses count.

    Parameters
    ----------
    frame
        Rows with at least five lost accounts and some that stayed.
    champion
        The curves that serve, if any; they are named, not compared: both say what was seen.

    Raises
    ------
    TrainingRefused
        If there are still fewer losses, or the frame is broken.
    """
    frame = prepared(frame, MIN_FOR_STRATA)
    model = fit_strata(frame, seed=seed)
    trial = gate.Holdout(frame, frame, _without_own(model, frame, seed))
    performance = evidence.gathered(frame, frame, trial.survival, HELD_OUT)
    version = champion.version if champion else None
    out = gate.held_out(frame.account)
    candidate = ReleaseCandidate(
        _again(model, frame.take(~out)),
        performance.figures,
        gate.judge_curves(trial, version),
        performance,
    )
    return msgspec.structs.replace(model, metrics=performance.figures), candidate


def _without_own(model: ForecastModel, frame: Frame, seed: int) -> Floats:
    """Chance of staying through months 0, 1, …, by curves of other accounts, (rows, months)."""
    fold = folds(frame.account, FOLDS, seed)
    reach = max(stratum.reach_months for stratum in model.causes[0].strata.values())
    hazards = np.ones((len(frame), reach + 1))
    months = np.arange(reach + 1)
    for k in range(FOLDS):
        some = evaluate.ready(_again(model, frame.take(fold != k)))
        stays = evaluate.survival_by_month(some, frame.take(fold == k))
        hazards[fold == k] = stays[:, np.minimum(months, int(stays.shape[1]) - 1)]
    return hazards


def _again(model: ForecastModel, frame: Frame) -> ForecastModel:
    """The same curves of fewer accounts; without any signal there is nothing that could fail."""
    return refitted(model, frame) or model
