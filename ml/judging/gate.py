"""The gate: a candidate serves only if it is calibrated and no worse than the champion."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.frames.frame import Frame
from ml.judging import evaluate, metrics
from ml.judging.metrics import Outcome
from ml.scoring.document import ForecastModel, ModelUnreadable
from ml.scoring.features import Floats
from ml.scoring.hazards import ChurnModel, load
from shared.vocabulary.model_document import Judgement, Rule, ServedModel

HELD_OUT: Final = 0.25
MIN_LOST: Final = 5
"""Fewest lost accounts among those judged on; with fewer, the figures say nothing."""

LOST: Final = "lost_accounts"
"""Name of the rule that says so."""

MONTH: Final = 12
ONE_SIDED: Final = 1.6448536269514722
"""Worse by more standard errors than this is worse: a one-sided test at 5 %."""

OE_SLACK: Final = 0.10
ICI_SLACK: Final = 0.03
CURVES: Final = (
    "too few accounts have churned for a model: these are curves by place on the renewal clock"
    " (Kaplan–Meier), judged on accounts that they were made without; they serve until a model can"
)
REPLICATES: Final = 200
MIX: Final = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


Figure: TypeAlias = Callable[[Outcome, Floats, int], float]


def held_out(account: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows whose account is never fitted to when judging, shape (rows,); a quarter of accounts.

    Decided by the account's number alone, so that this training and every later one hold out the
    same accounts, and two models can be compared on accounts that neither has seen.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA: the
    mixing function (SplitMix64).
    """
    with np.errstate(over="ignore"):
        z = account.astype(np.uint64) + np.uint64(MIX[0])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX[1])
        z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX[2])
    z ^= z >> np.uint64(31)
    return z < np.uint64(int(HELD_OUT * 2**64))


@dataclass(frozen=True)
class Holdout:
    """Models judged on rows that they were not fitted to.

    `training` says how censoring works; `survival` is the chance of staying through months 0, 1, …,
    shape (held-out rows, months).
    """

    training: Frame
    later: Frame
    survival: Floats

    @property
    def outcome(self) -> Outcome:
        """What became of the held-out rows."""
        return evaluate.outcome_of(self.later)

    @property
    def month(self) -> int:
        """The month at which calibration and ranking are judged: the twelfth, or the last."""
        longest = int(self.later.duration.max()) if len(self.later) else 0
        return max(1, min(MONTH, longest, self.survival.shape[1] - 1))

    @property
    def churn(self) -> Floats:
        """Chance of churn by that month, shape (held-out rows,)."""
        return 1.0 - self.survival[:, self.month]

    def lost(self) -> int:
        """Held-out accounts lost by that month."""
        is_lost = self.later.event & (self.later.duration <= self.month)
        return len(np.unique(self.later.account[is_lost]))

    def auc(self, counts: Floats | None = None) -> float:
        """AUC at the month; `counts` says how often each row counts, shape (held-out rows,)."""
        past = evaluate.outcome_of(self.training)
        return metrics.auc(past, self.outcome, self.churn, self.month, counts=counts)

    def errors(self) -> Floats:
        """Each row's part of the integrated Brier score up to the month, shape (held-out rows,)."""
        past, outcome = evaluate.outcome_of(self.training), self.outcome
        months = np.arange(1, self.month + 1)
        parts = np.stack(
            [
                metrics.squared_errors(past, outcome, self.survival[:, month], int(month))
                for month in months
            ],
            axis=1,
        )
        if len(months) == 1:
            return parts[:, 0]
        area: Floats = np.trapezoid(parts, months, axis=1)
        return area / (months[-1] - months[0])


def judge(
    candidate: Holdout, champion: Holdout | None, version: str | None, seed: int = 0
) -> Judgement:
    """The candidate's figures beside the champion's, on the same rows, with the verdict.

    Parameters
    ----------
    candidate
        The candidate's recipe, fitted without the held-out accounts.
    champion
        The champion on the same rows; None for a tenant's first model.

    Returns
    -------
    Absolute rules (enough losses, O/E and ICI within what chance explains, ranking better than a
    coin) and, against a champion, relative ones: worse by at most 1.645 standard errors of the
    paired difference, accounts drawn together.
    """
    rules = _absolute(candidate, champion)
    if champion is not None:
        rules += [_no_larger_error(candidate, champion), _no_worse_order(candidate, champion, seed)]
    notes = [] if champion or version is None else ["the champion cannot be read on these rows"]
    return _verdict(candidate, version, rules, notes)


def judge_curves(candidate: Holdout, version: str | None) -> Judgement:
    """The verdict on curves by stratum, on accounts that each curve was made without.

    They serve where nothing else can, so nothing is compared. Enough losses and calibration are
    asked for; that they rank accounts is not: within a stratum all have the same chance.
    """
    rules = [rule for rule in _absolute(candidate, None) if not rule.name.startswith("auc_")]
    return _verdict(candidate, version, rules, [CURVES])


def _verdict(
    candidate: Holdout, version: str | None, rules: list[Rule], notes: list[str]
) -> Judgement:
    """The rules with the counts of what they were judged on."""
    return Judgement(
        champion=version,
        rows=len(candidate.later),
        accounts=candidate.later.accounts,
        lost=candidate.lost(),
        rules=rules,
        notes=notes,
    )


def _absolute(candidate: Holdout, champion: Holdout | None) -> list[Rule]:
    trials = (candidate, champion)
    lost = candidate.lost()
    oe, oe_before = (_figure(each, metrics.observed_to_expected) for each in trials)
    ici, ici_before = (_figure(each, metrics.ici) for each in trials)
    auc, auc_before = (_finite(each.auc()) if each else None for each in trials)
    max_oe = OE_SLACK + 2 * (oe or 0.0) / max(lost, 1) ** 0.5
    share = float(np.mean(candidate.churn))
    max_ici = ICI_SLACK + 2 * (share * (1 - share) / max(candidate.later.accounts, 1)) ** 0.5
    month = f"{candidate.month}m"
    return [
        Rule(LOST, f"at least {MIN_LOST}", lost, None, lost >= MIN_LOST),
        Rule(
            f"oe_{month}",
            f"within {max_oe:.3f} of 1",
            oe,
            oe_before,
            oe is not None and abs(oe - 1) <= max_oe,
        ),
        Rule(  # too few losses to draw the curve: O/E alone speaks of calibration
            f"ici_{month}",
            f"at most {max_ici:.3f}",
            ici,
            ici_before,
            ici is None or ici <= max_ici,
        ),
        Rule(f"auc_{month}", "at least 0.5", auc, auc_before, auc is not None and auc >= 0.5),
    ]


def _figure(of_model: Holdout | None, of: Figure) -> float | None:
    if of_model is None:
        return None
    return _finite(of(of_model.outcome, of_model.churn, of_model.month))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _no_larger_error(candidate: Holdout, champion: Holdout) -> Rule:
    mine, theirs = candidate.errors(), champion.errors()
    allowed = ONE_SIDED * clustered_error(mine - theirs, candidate.later.account)
    worse = float(np.mean(mine) - np.mean(theirs))
    return Rule(
        "ibs_against_champion",
        f"larger by at most {allowed:.5f}",
        float(np.mean(mine)),
        float(np.mean(theirs)),
        worse <= allowed + 1e-12,
    )


def _no_worse_order(candidate: Holdout, champion: Holdout, seed: int) -> Rule:
    mine, theirs = candidate.auc(), champion.auc()
    _, account = np.unique(candidate.later.account, return_inverse=True)
    random = np.random.default_rng(seed)
    differences: list[float] = []
    accounts = int(account.max()) + 1
    for _ in range(REPLICATES):
        times = np.bincount(random.integers(0, accounts, accounts), minlength=accounts)
        weight = times[account].astype(np.float64)
        differences.append(candidate.auc(weight) - champion.auc(weight))
    finite = [difference for difference in differences if np.isfinite(difference)]
    allowed = ONE_SIDED * float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0
    return Rule(
        "auc_against_champion",
        f"smaller by at most {allowed:.4f}",
        _finite(mine),
        _finite(theirs),
        not theirs - mine > allowed + 1e-12,
    )


def clustered_error(values: Floats, account: NDArray[np.int64]) -> float:
    """Standard error of the mean of `values`, shape (rows,), with an account's rows together."""
    _, at = np.unique(account, return_inverse=True)
    sums = np.bincount(at, weights=values - values.mean())
    return float(np.sqrt((sums**2).sum()) / len(values))


def holdout(model: ForecastModel, training: Frame, later: Frame) -> Holdout:
    """A model fitted to some rows, on others."""
    return Holdout(training, later, evaluate.survival_by_month(evaluate.ready(model), later))


def champion_holdout(served: ServedModel, training: Frame, later: Frame) -> Holdout | None:
    """The champion on a candidate's rows; None where it cannot be read or has another clock.

    Its judged document has not seen the held-out accounts either. Where there is none the serving
    one is compared, which may have seen them: that favours the champion.
    """
    try:
        model = _read(served)
    except ModelUnreadable:
        return None
    if model.document.clock != later.clock:
        return None
    return Holdout(training, later, evaluate.survival_by_month(model, _with_columns(later, model)))


def _read(served: ServedModel) -> ChurnModel:
    if served.judged_document:
        return load(served.judged_document, sha256(served.judged_document).hexdigest())
    return load(served.document, served.checksum)


def _with_columns(frame: Frame, model: ChurnModel) -> Frame:
    """Signals the champion reads and nobody tells any more are unknown."""
    unknown = np.full(len(frame), None, dtype=object)
    read = {*model.features, *(model.newcomers.features if model.newcomers else ())}
    missing = {name: unknown for name in sorted(read) if name not in frame.columns}
    return replace(frame, columns={**frame.columns, **missing})
