"""A recipe that was chosen before, fitted again to other rows: quick, for judging it over time."""

from dataclasses import replace

import msgspec
import numpy as np

from ml import newton
from ml.choice import ridge
from ml.document import CauseModel, ForecastModel, Packed
from ml.features import Floats, design
from ml.frame import Frame
from ml.renewal_clock import MONTH_DAYS, SLACK_DAYS
from ml.strata import baselines


def known_by(frame: Frame, day: int) -> Frame:
    """Rows from before a day as they were known on it: followed until then and no further.

    Parameters
    ----------
    frame
        Rows on the `landmark` clock.
    day
        Counted as `date.toordinal` does.
    """
    # a month counts once all days are over that `month_of` gives to it
    months = np.floor((day - frame.day - SLACK_DAYS) / MONTH_DAYS).astype(np.int64)
    rows = frame.take(months >= 1)
    until = months[months >= 1]
    seen = rows.event & (rows.duration <= until)
    return replace(rows, duration=np.minimum(rows.duration, until), event=seen)


def refitted(model: ForecastModel, frame: Frame) -> ForecastModel | None:
    """The model's signals, terms and penalties with coefficients and baselines of other rows.

    Neither design nor penalty is chosen again, and no uncertainty is worked out: all that is left
    of a fit is a few Newton steps. Newcomers' parts are left out.

    Parameters
    ----------
    model
        As `ml.model.fit` returns it.
    frame
        Rows on the model's clock, some of them lost.

    Returns
    -------
    A model to be judged, never to be served; None where the steps do not settle.
    """
    matrix = design(frame.columns, model.features, model.terms)[0].reshape(len(frame), -1)
    causes: list[CauseModel] = []
    for part in model.causes:
        coefficients = _coefficients(model, part, frame, matrix)
        if coefficients is None:
            return None
        terms = len(coefficients)
        strata = baselines(frame, matrix @ coefficients, model.baseline, cause=part.cause)
        causes.append(
            msgspec.structs.replace(
                part,
                coefficients=tuple(map(float, coefficients)),
                variance=Packed.of(np.zeros((terms, terms))),
                strata=strata,
            )
        )
    return msgspec.structs.replace(model, causes=tuple(causes), newcomers=None)


def _coefficients(
    model: ForecastModel, part: CauseModel, frame: Frame, matrix: Floats
) -> Floats | None:
    if part.penalty is None:
        return np.zeros(int(matrix.shape[1]))
    rows = frame.only(part.cause) if part.effects == "own" else frame
    chosen = ridge(model.terms, part.penalty, part.interaction_penalty, part.bend_penalty)
    # penalties count per row: the same pull in all, however many rows there are now
    quick = newton.fit(rows, matrix, chosen * model.rows / len(frame), ties="efron")
    return None if quick is None else quick.coefficients
