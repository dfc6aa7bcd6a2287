"""The forecast against known truth: figures beside a ceiling that was made in the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.backtesting import backtest, challenger
from ml.backtesting.backtest import Backtest, Figures, Forecaster, Rows
from ml.backtesting.windows import Window
from ml.fitting.fit import fit
from ml.frames.frame import Frame
from ml.frames.spell_age import elapsed
from ml.frames.tenant import Step
from ml.judging import evaluate, metrics
from ml.judging.evaluate import survival_by_month
from ml.scoring.document import ForecastModel
from ml.scoring.features import Floats
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import HORIZON_MONTHS, MONTH_DAYS, SLACK_DAYS
from ml.scoring.score import Forecast, score
from ml.simulation.drivers import PLANTED
from ml.simulation.tenant import Tenant
from ml.training.newcomers import with_newcomers
from ml.trial import recovery
from ml.trial.leaky import Watch, watched
from ml.trial.reach import reach
from ml.trial.recovery import PlantedAccounts
from shared.vocabulary.landmark import FeatureRow

FORECAST: Final = "forecast"
BOOSTED: Final = "boosted"
KAPLAN_MEIER: Final = "kaplan_meier"
SIGNALS: Final = "signals"
"""What a regression on the truth itself makes of the same signals."""

TRUTH: Final = "truth"
ALIKE: Final = 50
DAYS: Final = tuple(int(MONTH_DAYS * month + SLACK_DAYS) for month in range(1, HORIZON_MONTHS + 1))
"""The last day of each month ahead, as `renewal_clock.month_of` counts them."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure that was promised: what was reached, and what was asked for."""

    name: str
    reached: float
    target: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One simulated tenant judged.

    `interval` is the forecast's 90 % interval of churn within twelve months, `of_alike` that of the
    mean of accounts that look alike to it, shape (rows, 2) both; `is_open` tells whose next renewal
    was not decided yet, shape (rows,). `seen` holds these with what was planted into them;
    `watches` the leak alarm at work, once a tenant.
    """

    backtest: Backtest
    interval: Floats
    of_alike: Floats
    is_open: NDArray[np.bool_]
    accounts: PlantedAccounts
    watches: tuple[Watch, ...]

    @property
    def covered(self) -> float:
        """Share of accounts with an open renewal whose own true chance the interval holds."""
        covered = (self.interval[:, 0] <= self._true) & (self._true <= self.interval[:, 1])
        return float(np.mean(covered[self.is_open]))

    @property
    def covered_alike(self) -> float:
        """Share of fifties of accounts with like forecasts whose mean true chance it holds.

        That is what coefficients and baselines are uncertain by; what no signal shows of a single
        account is left out.
        """
        rows = self.backtest.rows
        order = np.argsort(rows.survival[FORECAST][:, HORIZON_MONTHS], kind="stable")
        order = order[self.is_open[order]]
        groups = np.array_split(order, max(1, len(order) // ALIKE))
        true = np.array([float(self._true[group].mean()) for group in groups])
        low = np.array([float(self.of_alike[group, 0].mean()) for group in groups])
        high = np.array([float(self.of_alike[group, 1].mean()) for group in groups])
        return float(np.mean((low <= true) & (true <= high)))

    @property
    def _true(self) -> Floats:
        return 1 - self.backtest.rows.survival[TRUTH][:, HORIZON_MONTHS]


class Fitter:
    """Fits the forecast at each origin and keeps the model of it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.models: list[ChurnModel] = []

    def __call__(self, frame: Frame) -> Forecaster:
        model = evaluate.ready(with_newcomers(fit(frame, seed=self._seed), frame, seed=self._seed))
        self.models.append(model)
        return lambda rows: survival_by_month(model, rows)


def tried(
    tenant: Tenant, windows: Sequence[Window], *, seed: int = 0, replicates: int, step: Step
) -> Trial:
    """Judge forecast, challenger, Kaplan–Meier and the truth on a simulated tenant's windows."""
    fitter = Fitter(seed)
    by_origin = {window.origin: window for window in windows}
    true = {window.origin: truth(tenant, window) for window in windows}
    judgement = backtest.backtest(
        by_origin.__getitem__,
        list(by_origin),
        {FORECAST: fitter, BOOSTED: challenger.boosted, KAPLAN_MEIER: challenger.kaplan_meier},
        extra={
            SIGNALS: lambda window: reach(window, true[window.origin], seed=seed),
            TRUTH: lambda window: true[window.origin],
        },
        replicates=replicates,
        seed=seed,
        step=step,
    )
    pairs = list(zip(fitter.models, windows, strict=True))
    served = [forecasts(model, window.ahead) for model, window in pairs]
    alike = [interval(forecasts(of_alike(model), window.ahead)) for model, window in pairs]
    is_open = [undecided(tenant, window) for window in windows]
    return Trial(
        judgement,
        np.concatenate([interval(each) for each in served]),
        np.concatenate(alike),
        np.concatenate(is_open),
        PlantedAccounts.joined(
            [planted_accounts(tenant, *each) for each in zip(windows, served, is_open, strict=True)]
        ),
        (watched(windows[-1], Fitter(seed), judgement, replicates=replicates, seed=seed),),
    )


def truth(tenant: Tenant, window: Window) -> Floats:
    """True chances of staying through months 0 … 12 of a window's accounts, shape (rows, 13)."""
    chances = tenant.coming(window.origin, DAYS)
    stays = [[1.0, *(1 - chance for chance in chances[key].churn)] for key in window.accounts]
    return np.array(stays)


def undecided(tenant: Tenant, window: Window) -> NDArray[np.bool_]:
    """Accounts whose next renewal nobody had decided on at the origin, shape (rows,)."""
    chances = tenant.coming(window.origin, DAYS[-1:])
    return np.array([not chances[key].is_decided for key in window.accounts])


def of_alike(model: ChurnModel) -> ChurnModel:
    """The model as if signals showed everything: intervals of what was fitted alone."""

    def all_seen(part: ForecastModel) -> ForecastModel:
        causes = tuple(msgspec.structs.replace(cause, unseen=0.0) for cause in part.causes)
        newcomers = all_seen(part.newcomers) if part.newcomers else None
        return msgspec.structs.replace(part, causes=causes, newcomers=newcomers)

    return evaluate.ready(all_seen(model.document))


def forecasts(model: ChurnModel, ahead: Frame) -> list[Forecast]:
    """What is served of the rows of a frame, in order."""
    names = list(ahead.columns)
    values = zip(*(ahead.columns[name].tolist() for name in names), strict=True)
    rows: list[FeatureRow] = [dict(zip(names, row, strict=True)) for row in values]
    renewal = ahead.columns["days_to_renewal"].tolist()
    ages = elapsed(ahead.columns, len(ahead)).tolist()
    return score(model, rows, elapsed_days=ages, days_to_renewal=renewal)


def interval(served: Sequence[Forecast]) -> Floats:
    """The 90 % interval of churn within twelve months, as it is served, shape (rows, 2)."""
    chances = [
        forecast.churn_probability(min(DAYS[-1], forecast.horizon_days)) for forecast in served
    ]
    return np.array([(c.low, c.high) if c else (np.nan, np.nan) for c in chances])


def planted_accounts(
    tenant: Tenant, window: Window, served: Sequence[Forecast], is_open: NDArray[np.bool_]
) -> PlantedAccounts:
    """What was planted into the accounts of a window whose renewal is open, and what is served."""
    planted = tenant.drivers(window.origin)
    values = np.array([planted[account] for account in window.accounts])
    chosen = [forecast for forecast, is_one in zip(served, is_open.tolist(), strict=True) if is_one]
    return PlantedAccounts.of(tuple(PLANTED), values[is_open], chosen)


def together(trials: Sequence[Trial], *, replicates: int) -> Trial:
    """Several seeds as one, each an account of its own; so many resamples behind the errors."""
    if len(trials) == 1:
        return trials[0]
    parts: list[Rows] = []
    for number, trial in enumerate(trials):
        rows = trial.backtest.rows
        named = np.array([f"{number}/{account}" for account in rows.account.tolist()])
        parts.append(
            Rows(
                named, rows.origin, rows.duration, rows.event, rows.stratum, rows.segments,
                rows.survival,
            )
        )  # fmt: skip
    own = {
        model: {
            key: float(np.mean([trial.backtest.own[model][key] for trial in trials]))
            for key in figures
        }
        for model, figures in trials[0].backtest.own.items()
    }
    return Trial(
        backtest.judge(backtest.joined(parts), own, replicates=replicates),
        np.concatenate([trial.interval for trial in trials]),
        np.concatenate([trial.of_alike for trial in trials]),
        np.concatenate([trial.is_open for trial in trials]),
        PlantedAccounts.joined([trial.accounts for trial in trials]),
        tuple(watch for trial in trials for watch in trial.watches),
    )


def promises(trial: Trial) -> list[Promise]:
    """What the forecast promises on known truth, and whether it is kept."""
    ours, best = (trial.backtest.figures[name] for name in (FORECAST, TRUTH))
    return [
        _at_most("AUC at 12 months behind the truth's", best["auc_12m"] - ours["auc_12m"], 0.015),
        _at_most("integrated Brier score over the truth's", ours["ibs"] / best["ibs"], 1.10),
        _at_most("distance of O/E from 1 at 12 months", abs(ours["oe_12m"] - 1), 0.05),
        _at_most("ICI at 12 months", ours["ici_12m"], 0.010),
        _at_most(
            "ICI at 1, 2 and 3 months, the largest (X1)",
            max(ours[f"ici_{month}m"] for month in (1, 2, 3)),
            0.03,
        ),
        _not_behind(trial.backtest.differences[BOOSTED]),
        _within("90 % interval holds the truth", trial.covered),
        *_drivers(trial.accounts),
        _all(
            "leak alarm rings for use of two months later, and for no honest forecast",
            float(np.mean([w.rang and not w.cried_wolf for w in trial.watches])),
        ),
    ]


def _at_most(name: str, value: float, limit: float) -> Promise:
    return Promise(name, value, f"at most {limit:g}", value <= limit)


def _within(name: str, share: float) -> Promise:
    return Promise(name, share, "0.86 to 0.94", 0.86 <= share <= 0.94)


def _drivers(accounts: PlantedAccounts) -> list[Promise]:
    drivers = recovery.recovered(accounts, PLANTED)
    planted = [driver.planted for driver in drivers]
    effects = [driver.effect for driver in drivers]
    return [
        _all("planted drivers that come back with their sign", recovery.signs(planted, effects)),
        _all("pairs of them that come back in order of size", recovery.order(planted, effects)),
    ]


def _all(name: str, share: float) -> Promise:
    return Promise(name, share, "all of them: 1", share == 1.0)


def _not_behind(difference: Mapping[str, float]) -> Promise:
    ahead, error = difference["auc_12m"], difference["auc_12m_se"]
    name = "AUC at 12 months ahead of the boosted challenger's"
    return Promise(name, ahead, f"not below −{error:.3f}, its error", ahead >= -error)


def calibration_against_truth(rows: Rows, model: str) -> Figures:
    """Calibration free of the draw of outcomes: tenths of the forecast against their true mean.

    Returns
    -------
    `ici`: mean |predicted − true| over tenths of the rows; `ratio`: true mean over predicted mean;
    `ici_truth_outcomes`: the ICI that the truth itself gets from the outcomes, the noise of it.
    """
    churn = 1 - rows.survival[model][:, HORIZON_MONTHS]
    true = 1 - rows.survival[TRUTH][:, HORIZON_MONTHS]
    tenths: list[NDArray[Any]] = np.array_split(np.argsort(churn, kind="stable"), 10)
    away = [abs(float(churn[t].mean() - true[t].mean())) * len(t) for t in tenths]
    return {
        "ici": sum(away) / len(rows),
        "ratio": float(true.mean() / churn.mean()),
        "ici_truth_outcomes": metrics.ici(rows.outcome, true, HORIZON_MONTHS),
    }
