"""What was chosen on part of the rows must mean the same on all of them."""

from dataclasses import replace

import numpy as np
import pytest

from ml.fitting import newton, selection
from ml.fitting.design import learn
from ml.fitting.fit import prepared
from ml.fitting.selection import Candidate, carried, folds_of
from ml.frames.frame import Frame
from ml.scoring.renewal_clock import NEARNESS
from tests.ml.examples import annual, tied


def test_a_penalty_found_on_few_rows_pulls_no_harder_on_all_rows():
    frame = prepared(annual(400).frame())
    some = np.unique(frame.account)[:150]
    sample = frame.take(np.isin(frame.account, some))
    folds = folds_of(sample, 0)
    rows = np.mean([len(trial.training_rows) for trial in folds])

    candidate = carried(Candidate(learn(frame), 0.1, 1.0), frame, sample, folds)

    assert rows < len(frame) / 2
    assert candidate.penalty * len(frame) == pytest.approx(0.1 * rows)
    assert candidate.product_penalty == pytest.approx(10 * candidate.penalty)


def test_effects_are_not_pulled_to_zero_by_the_mere_number_of_rows():
    frame = prepared(annual(200).frame())
    folds = folds_of(frame, 0)
    chosen = Candidate(learn(frame), 0.1)
    whole = carried(chosen, frame, frame, folds)
    matrix = chosen.design.matrix(frame)

    pulled = newton.fit(frame, matrix, chosen.penalties)
    free = newton.fit(frame, matrix, whole.penalties)

    assert pulled is not None
    assert free is not None
    assert np.linalg.norm(free.coefficients) > 1.05 * np.linalg.norm(pulled.coefficients)


def test_folds_of_accounts_change_no_penalty():
    frame = prepared(tied())
    assert selection.choose(frame, seed=0).penalty in selection.PENALTIES


def faded(frame: Frame, seed: int) -> Frame:
    """Rows with a renewal within a year, whose signal counts for less the farther the renewal."""
    rng = np.random.default_rng(seed)
    month, signal = rng.integers(1, 13, len(frame)), rng.normal(size=len(frame))
    nearness = np.exp(-(month - 1) / 3)
    lost = rng.random(len(frame)) < 1 / (1 + np.exp(1.5 - 2 * nearness * signal))
    columns = {
        "signal": signal.astype(object),
        "idle": rng.normal(size=len(frame)).astype(object),
        NEARNESS: nearness.astype(object),
    }
    stratum = np.array([f"r{m:02d}" for m in month], dtype=np.str_)
    return replace(
        frame,
        columns=columns,
        duration=np.where(lost, month, 12).astype(np.int64),
        event=lost,
        stratum=stratum,
        account=np.arange(len(frame)),
    )


def test_a_signal_fades_with_the_distance_of_the_renewal_where_held_out_rows_say_so():
    frame = faded(annual(200).frame(), seed=1)
    chosen = selection.choose(frame, seed=0)
    terms = chosen.design.terms
    pairs = {
        frozenset((terms[term.left].feature, terms[term.right].feature))
        for term in terms
        if term.kind == "product"
    }
    assert frozenset(("signal", NEARNESS)) in pairs


def test_without_a_signal_for_nearness_nothing_fades():
    design = selection.choose(prepared(annual(200).frame()), seed=0).design
    assert NEARNESS not in {feature.name for feature in design.features}
