"""Which design and which penalties: what speaks best of rows it was not fitted to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ml.fitting import newton
from ml.fitting.design import Design, learn, with_products
from ml.frames.frame import Frame, TrainingRefused
from ml.scoring.document import Term
from ml.scoring.features import Floats
from ml.scoring.renewal_clock import MONTH_DAYS, NEARNESS, SLACK_DAYS

FOLDS: Final = 3
PENALTIES: Final = (0.001, 0.01, 0.1, 1.0)
PRODUCT_PENALTIES: Final = (0.03, 0.1, 1.0)
BENDS: Final = (1.0, 3.0, 10.0)
"""How many times harder a spline's bends are pulled towards none than straight lines and levels."""

MAX_FADING: Final = 24
"""Signals that may fade, those that say most."""

MAX_CHOICE_ROWS: Final = 12_000
"""Rows on which penalties are compared; more change the choice little and cost time."""

FORWARD: Final = (0.5, 0.67, 0.84)
"""Shares of the landmarks before which each trial on later time stops fitting."""

MIN_LOSSES: Final = 10
"""Fewest accounts lost on either side of a trial on later time."""

Progress = Callable[[str], None]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A design with the ridge penalty of its main effects, of their bends and of its products."""

    design: Design
    penalty: float
    product_penalty: float | None = None
    bend_penalty: float | None = None

    @property
    def penalties(self) -> Floats:
        """Ridge penalty of each term, shape (terms,)."""
        return ridge(self.design.terms, self.penalty, self.product_penalty, self.bend_penalty)

    def scaled(self, share: float) -> "Candidate":
        """The same with all penalties times `share`."""
        product, bend = self.product_penalty, self.bend_penalty
        return replace(
            self,
            penalty=self.penalty * share,
            product_penalty=None if product is None else product * share,
            bend_penalty=None if bend is None else bend * share,
        )


def ridge(
    terms: Sequence[Term], penalty: float, product: float | None, bend: float | None
) -> Floats:
    """Ridge penalty of each term, shape (terms,); products and bends without one have the main."""
    own = {"product": product, "spline": bend}
    penalties = [own.get(term.kind) for term in terms]
    return np.array([penalty if each is None else each for each in penalties])


def choose(frame: Frame, *, seed: int, progress: Progress = lambda _: None) -> Candidate:
    """The design and penalties with the best partial likelihood on rows held out of the fit.

    Main effects under a few penalties first; then, under the best of these, products with the one
    signal that says most, penalised harder; or those of the signals that say most with
    the nearness of the renewal. Only the frame given is looked at.
    """
    sample = sampled(frame, seed)
    main = learn(frame)
    if not main.terms:
        raise TrainingRefused("no signal differs between accounts: " + "; ".join(main.notes))
    folds = folds_of(sample, seed)
    best, gain = _best(sample, folds, _mains(main), progress)
    rivals = list(_moderated(frame, best))
    if rivals:
        rival, more = _best(sample, folds, rivals, progress)
        best = rival if more > gain else best
    return carried(best, frame, sample, folds)


def _moderated(frame: Frame, best: Candidate) -> Iterator[Candidate]:
    """Products of all signals with the strongest, or of the strongest with the renewal's nearness.

    Never both: together they cost twice as much and brought nothing on simulated tenants.
    """
    strong = strengths(frame, best)
    strongest = sorted(strong, key=lambda name: -strong[name])
    if not strongest:
        return
    for moderator, among in ((strongest[0], None), (NEARNESS, strongest[:MAX_FADING])):
        design = with_products(best.design, frame, moderator, among)
        if design is not None:
            harder = (p for p in PRODUCT_PENALTIES if p >= best.penalty)
            yield from (replace(best, design=design, product_penalty=p) for p in harder)


def penalise(
    frame: Frame, design: Design, *, seed: int, progress: Progress = lambda _: None
) -> Candidate:
    """The penalty of a given design, as `choose` compares them; products are penalised harder."""
    sample = sampled(frame, seed)
    products = any(term.kind == "product" for term in design.terms)
    harder = PRODUCT_PENALTIES[-1] if products else None
    rivals = [replace(each, product_penalty=harder) for each in _mains(design)]
    folds = folds_of(sample, seed)
    return carried(_best(sample, folds, rivals, progress)[0], frame, sample, folds)


def carried(chosen: Candidate, frame: Frame, sample: Frame, folds: Sequence["Fold"]) -> Candidate:
    """A candidate as trials chose it, carried over to the whole frame.

    Penalties count per row, so that the same one pulls harder the more rows there are. What a
    trial on few rows found right, how far effects lie from zero, is kept where all rows are fitted.
    Folds of accounts hold nearly all rows; only what a sample leaves out counts for them.
    """
    size = len(sample)
    if frame.clock == "landmark":
        size = sum(len(trial.training_rows) for trial in folds) / len(folds)
    return chosen.scaled(size / len(frame))


def _mains(design: Design) -> list[Candidate]:
    """A design under every penalty of its main effects, its bends pulled harder or not."""
    bends = BENDS if any(term.kind == "spline" for term in design.terms) else BENDS[:1]
    return [Candidate(design, p, bend_penalty=p * bend) for p in PENALTIES for bend in bends]


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to fit to, with what was known of them by then, and rows to be judged by."""

    training: Frame
    training_rows: Rows
    validation: Frame
    validation_rows: Rows


def folds_of(frame: Frame, seed: int) -> list[Fold]:
    """Trials on later time with landmarks; by folds of accounts where time is no help.

    With landmarks each trial fits to earlier ones, followed only until the first judged one, and
    judges by later ones. Where too few losses lie on either side, and on the `start` clock,
    accounts are held out at random instead.
    """
    folds = list(_forward(frame)) if frame.clock == "landmark" else []
    return folds or list(_random(frame, seed))


def _forward(frame: Frame) -> Iterator[Fold]:
    cuts = np.unique(np.quantile(frame.day, FORWARD, method="nearest")).tolist()
    for cut, following in zip(cuts, [*cuts[1:], np.inf], strict=True):
        training, earlier = known_by(frame, cut)
        later = np.flatnonzero((frame.day >= cut) & (frame.day < following))
        ahead = frame.take(later)
        if min(training.lost, ahead.lost) >= MIN_LOSSES:
            yield Fold(training, earlier, ahead, later)


def known_by(frame: Frame, day: int) -> tuple[Frame, Rows]:
    """Rows from before a day as they were known on it, followed no further, and their places.

    Parameters
    ----------
    frame
        Rows on the `landmark` clock.
    day
        Counted as `date.toordinal` does.
    """
    months = np.floor((day - frame.day + SLACK_DAYS) / MONTH_DAYS).astype(np.int64)
    places = np.flatnonzero(months >= 1)
    rows, until = frame.take(places), months[places]
    is_lost = rows.event & (rows.duration <= until)
    return replace(rows, duration=np.minimum(rows.duration, until), event=is_lost), places


def _random(frame: Frame, seed: int) -> Iterator[Fold]:
    fold = folds(frame.account, FOLDS, seed)
    for k in range(FOLDS):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        yield Fold(frame.take(inside), inside, frame.take(outside), outside)


def sampled(frame: Frame, seed: int, max_rows: int = MAX_CHOICE_ROWS) -> Frame:
    """The frame, or all rows of so many of its accounts that about `max_rows` rows are left."""
    if len(frame) <= max_rows:
        return frame
    accounts = np.unique(frame.account)
    share = max_rows / len(frame)
    sample = np.random.default_rng(seed).permutation(accounts)[: int(len(accounts) * share)]
    return frame.take(np.isin(frame.account, sample))


def folds(account: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Fold of each row, shape (rows,), 0 … count − 1; rows of an account stay together."""
    accounts, at = np.unique(account, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(accounts))
    return (order % count)[at]


def _best(
    frame: Frame, folds: Sequence[Fold], candidates: Sequence[Candidate], progress: Progress
) -> tuple[Candidate, float]:
    scores: list[float] = []
    for candidate in candidates:
        progress(f"penalty {candidate.product_penalty or candidate.penalty:g}")
        scores.append(_held_out_likelihood(frame, folds, candidate))
    at = int(np.argmax(scores))
    return candidates[at], scores[at]


def _held_out_likelihood(frame: Frame, folds: Sequence[Fold], candidate: Candidate) -> float:
    matrix = candidate.design.matrix(frame)
    total = 0.0
    for trial in folds:
        quick = newton.fit(trial.training, matrix[trial.training_rows], candidate.penalties)
        if quick is None:
            return -np.inf
        total += partial_likelihood(
            trial.validation, matrix[trial.validation_rows] @ quick.coefficients
        )
    return total


def partial_likelihood(frame: Frame, log_hazard: Floats) -> float:
    """Cox's log partial likelihood of rows under given log hazards, ties by Breslow, by stratum."""
    total = 0.0
    for name in np.unique(frame.stratum):
        at = frame.stratum == name
        duration, event, eta = frame.duration[at], frame.event[at], log_hazard[at]
        weights = np.bincount(duration, weights=np.exp(eta))
        at_risk = weights[::-1].cumsum()[::-1]
        total += float(eta[event].sum() - np.log(at_risk[duration[event]]).sum())
    return total


def strengths(frame: Frame, candidate: Candidate) -> dict[str, float]:
    """How much each signal says: its Wald statistic per term; empty if the fit does not settle."""
    matrix = candidate.design.matrix(frame)
    optimum = newton.fit(frame, matrix, candidate.penalties)
    if optimum is None:
        return {}
    variance = np.linalg.inv(optimum.information)
    features = np.array([term.feature for term in candidate.design.terms])
    strength: dict[str, float] = {}
    for name in dict.fromkeys(features.tolist()):
        at = np.flatnonzero(features == name)
        beta = optimum.coefficients[at]
        block = variance[np.ix_(at, at)]
        strength[name] = float(beta @ np.linalg.solve(block, beta)) / len(at)
    return strength
