"""Judge the forecast on accounts it has never seen."""

from typing import Final

import numpy as np

from ml.frames.frame import Frame
from ml.frames.spell_age import are_new
from ml.judging import metrics
from ml.judging.metrics import Outcome
from ml.scoring import document
from ml.scoring.document import ForecastModel
from ml.scoring.features import Floats, design
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.score import incidences

AUC_MONTHS: Final = (3, 12, 24)
CALIBRATION_MONTH: Final = 12

FIGURES: Final = {
    "c_index": "C (Harrell), higher is better",
    "uno_c": "C (Uno)",
    "ibs": "integrated Brier score, lower is better",
    "auc_3m": "AUC at 3 months",
    "auc_12m": "AUC at 12 months",
    "auc_24m": "AUC at 24 months",
    "ici_12m": "ICI at 12 months, lower is better",
    "oe_12m": "observed / expected at 12 months",
    "ici": "ICI at the last month followed",
    "oe": "observed / expected at the last month followed",
}
"""Names of the figures for readers."""


def outcome_of(frame: Frame) -> Outcome:
    """What became of a frame's rows; landmarks are followed in closed months."""
    return Outcome(frame.duration, frame.event, closed=frame.clock == "landmark")


def ready(model: ForecastModel) -> ChurnModel:
    """A fitted model as a worker would load it."""
    return load(*document.encode(model))


def survival_by_month(model: ChurnModel, frame: Frame) -> Floats:
    """Chance of staying through months 0, 1, … from the landmark, shape (rows, reach + 1).

    Where a stratum's data end earlier, its last value is kept. Of accounts in their first 90 days
    the part for newcomers speaks, where the model has one.
    """
    survival = np.exp(-hazards_by_month(model, frame).sum(axis=0))
    if model.newcomers is not None:
        new = are_new(frame)
        theirs = survival_by_month(model.newcomers, frame.take(new))
        months = np.arange(int(survival.shape[1]))
        survival[new] = theirs[:, np.minimum(months, int(theirs.shape[1]) - 1)]
    return survival


def hazards_by_month(model: ChurnModel, frame: Frame) -> Floats:
    """Each cause's cumulative hazard at months 0, 1, …, shape (causes, rows, reach + 1).

    It is that of the model for all accounts, newcomers or not.
    """
    matrix, _ = design(frame.columns, model.document.features, model.document.terms)
    matrix = matrix.reshape(len(frame), -1)
    names = np.array([model.stratum(name) for name in frame.stratum.tolist()])
    months = np.arange(
        max(len(s.cumulative_hazard) for s in model.document.causes[0].strata.values())
    )
    hazards = np.empty((len(model.causes), len(frame), len(months)))
    for k, cause in enumerate(model.causes):
        for name, stratum in cause.document.strata.items():
            hazard = np.array(stratum.cumulative_hazard)
            hazards[k, names == name] = hazard[np.minimum(months, len(hazard) - 1)]
        hazards[k] = cause.own(hazards[k], cause.log_hazard(matrix)[:, None])
    return hazards


def incidences_by_month(model: ChurnModel, frame: Frame) -> dict[str, Floats]:
    """By cause, the chance of having been lost for it by months 0, 1, …, (rows, reach + 1).

    With survival all causes add up to one. Of newcomers their part speaks, where there is one.
    """
    incidence = incidences(hazards_by_month(model, frame))
    by_cause = {cause.name: incidence[k] for k, cause in enumerate(model.causes)}
    if model.newcomers is not None:
        new = are_new(frame)
        for name, theirs in incidences_by_month(model.newcomers, frame.take(new)).items():
            months = np.arange(int(by_cause[name].shape[1]))
            by_cause[name][new] = theirs[:, np.minimum(months, int(theirs.shape[1]) - 1)]
    return by_cause


def judge(training: Frame, held_out: Frame, survival: Floats) -> dict[str, float]:
    """Figures of a forecast on held-out rows.

    Parameters
    ----------
    training
        Rows it was fitted to; they say how censoring works.
    survival
        Chance of staying through months 0, 1, …, shape (held-out rows, months).

    Returns
    -------
    `c_index` (Harrell, ranking by expected months lost within the range), `uno_c`, `ibs` over
    months 1 to the last that a twentieth of the held-out rows reach, `auc_<m>m`, and at twelve
    months, or the last one before, `ici_<m>m` and `oe_<m>m`.
    """
    past, outcome = outcome_of(training), outcome_of(held_out)
    last = min(_last_month(outcome), survival.shape[1] - 1)
    risk = -survival[:, 1:].sum(axis=1)
    months = np.arange(1, last + 1)
    figures = {
        "c_index": metrics.harrell(outcome, risk),
        "uno_c": metrics.uno(past, outcome, risk),
        "ibs": metrics.integrated_brier(past, outcome, survival[:, 1 : last + 1], months),
    }
    for month in AUC_MONTHS:
        if month <= last:
            figures[f"auc_{month}m"] = metrics.auc(past, outcome, 1 - survival[:, month], month)
    return figures | calibration(outcome, survival, min(CALIBRATION_MONTH, last))


def calibration(outcome: Outcome, survival: Floats, month: int) -> dict[str, float]:
    """Calibration at the end of a month: `ici_<m>m` and `oe_<m>m`."""
    churn = 1 - survival[:, month]
    return {
        f"ici_{month}m": metrics.ici(outcome, churn, month),
        f"oe_{month}m": metrics.observed_to_expected(outcome, churn, month),
    }


def _last_month(outcome: Outcome) -> int:
    months = np.arange(1, int(outcome.duration.max()) + 1)
    reached = [float(metrics.still_there(outcome, int(month)).mean()) for month in months]
    return int(months[np.array(reached) >= 0.05].max(initial=1))
