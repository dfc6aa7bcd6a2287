"""A recipe that was chosen before, fitted again to other rows: quick, for judging it over time."""

import msgspec
import numpy as np

from ml.fitting import newton
from ml.fitting.selection import ridge
from ml.fitting.strata import baselines
from ml.frames.frame import Frame
from ml.scoring.document import CauseModel, ForecastModel, Packed
from ml.scoring.features import Floats, design


def refitted(model: ForecastModel, frame: Frame) -> ForecastModel | None:
    """The model's signals, terms and penalties with coefficients and baselines of other rows.

    Neither design nor penalty is chosen again, and no uncertainty is worked out: all that is left
    of a fit is a few Newton steps. Newcomers' parts are left out.

    Returns
    -------
    A model to be judged, never to be served; None where the steps do not settle, and of a mixture
    with accounts that never leave.
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
    if part.cure is not None:
        return None
    if part.penalty is None:
        return np.zeros(int(matrix.shape[1]))
    rows = frame.only(part.cause) if part.effects == "own" else frame
    chosen = ridge(model.terms, part.penalty, part.interaction_penalty, part.bend_penalty)
    # penalties count per row: the same pull in all, however many rows there are now
    quick = newton.fit(rows, matrix, chosen * model.rows / len(frame), ties="efron")
    return None if quick is None else quick.coefficients
