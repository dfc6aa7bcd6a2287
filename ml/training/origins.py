"""The rolling-origin table of a report: a version's recipe, tried at days that have passed."""

from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np

from ml.fitting.refit import refitted
from ml.fitting.selection import MIN_LOSSES, known_by
from ml.frames import landmarks
from ml.frames.frame import Frame
from ml.frames.spell_age import are_new
from ml.judging import evaluate
from ml.scoring.document import ForecastModel
from ml.scoring.renewal_clock import HORIZON_MONTHS
from ml.training.newcomers import rows_of
from shared.vocabulary.evidence import Origin

DEFAULT: Final = 4
EVERY_MONTHS: Final = 3
SHORTER: Final = (9, 6, 3)
"""Months that can be followed where there is no whole year."""

HISTORY_DAYS: Final = 425
"""Fourteen months before an origin at least: in fewer hardly anybody who renews once a year was
seen to do so, and what is fitted then says nothing of renewals."""


def rolling(model: ForecastModel, frame: Frame, count: int = DEFAULT) -> list[Origin]:
    """Figures at up to so many days of the past, oldest first.

    At each origin coefficients and baselines are those of rows before it, as they were known a
    grace earlier, and every account at risk on that day is followed for twelve months. Design and
    penalties are the model's own: `tenure backtest` chooses them anew, and takes much longer.
    Where the history is too short for that, later origins are taken, and followed for nine, six or
    three months.

    Parameters
    ----------
    frame
        The whole training frame. On the `start` clock there are no origins to go back to.
    count
        Most origins, three months apart; those with fewer than ten losses on either side, or with
        less than fourteen months before them, are left out.

    Returns
    -------
    Oldest first; figures are `c_index`, `uno_c`, `ibs`, `auc_<m>m`, and `oe` and `ici` at the last
    month that is followed.
    """
    if frame.clock == "start" or not len(frame):
        return []
    last = landmarks.followed_to(frame.data_to)
    first = date.fromordinal(int(frame.day.min())) + timedelta(days=HISTORY_DAYS)
    whole = range(HORIZON_MONTHS, HORIZON_MONTHS + EVERY_MONTHS * count, EVERY_MONTHS)
    days = [landmarks.months_before(last, back) for back in (*whole, *SHORTER)]
    chosen = sorted([day for day in days if day >= first][:count])
    return [origin for day in chosen if (origin := _origin(model, frame, day))]


def _origin(model: ForecastModel, frame: Frame, origin: date) -> Origin | None:
    day = origin.toordinal()
    ahead = frame.take(frame.day == day)
    past, _ = known_by(frame, day - landmarks.GRACE_DAYS)
    if min(ahead.lost, past.lost) < MIN_LOSSES:
        return None
    then = _then(model, past)
    if then is None:
        return None
    # nobody who stayed was followed less than the others: they say themselves how censoring works
    figures = evaluate.judge(ahead, ahead, evaluate.survival_by_month(evaluate.ready(then), ahead))
    months = int(ahead.duration[~ahead.event].max())
    finite = {_ended(key): value for key, value in figures.items() if np.isfinite(value)}
    return Origin(origin, months, ahead.accounts, ahead.lost, finite)


def _ended(figure: str) -> str:
    """Calibration is that at the last month followed, whichever that is."""
    name = figure.split("_")[0]
    return name if name in ("oe", "ici") else figure


def _then(model: ForecastModel, past: Frame) -> ForecastModel | None:
    """The model as it would have been; newcomers' part only where any newcomer was lost."""
    whole = refitted(model, past)
    new = past.take(are_new(past))
    if whole is None or model.newcomers is None or not new.event.any():
        return whole
    return msgspec.structs.replace(whole, newcomers=refitted(model.newcomers, rows_of(past)))
