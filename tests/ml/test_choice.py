"""What was chosen on part of the rows must mean the same on all of them."""

import numpy as np
import pytest

from ml import choice, newton
from ml.choice import Candidate, carried, trials
from ml.design import learn
from ml.model import prepared
from tests.ml.worlds import annual, tied


def test_a_penalty_found_on_few_rows_pulls_no_harder_on_all_rows():
    frame = prepared(annual(400).frame())
    some = np.unique(frame.account)[:150]
    sample = frame.take(np.isin(frame.account, some))
    held = trials(sample, 0)
    rows = np.mean([len(trial.fitted_rows) for trial in held])

    found = carried(Candidate(learn(frame), 0.1, 1.0), frame, sample, held)

    assert rows < len(frame) / 2
    assert found.penalty * len(frame) == pytest.approx(0.1 * rows)
    assert found.product_penalty == pytest.approx(10 * found.penalty)


def test_effects_are_not_pulled_to_zero_by_the_mere_number_of_rows():
    frame = prepared(annual(200).frame())
    held = trials(frame, 0)
    chosen = Candidate(learn(frame), 0.1)
    whole = carried(chosen, frame, frame, held)
    matrix = chosen.design.matrix(frame)

    pulled = newton.fit(frame, matrix, chosen.penalties)
    kept = newton.fit(frame, matrix, whole.penalties)

    assert pulled is not None
    assert kept is not None
    assert np.linalg.norm(kept.coefficients) > 1.05 * np.linalg.norm(pulled.coefficients)


def test_folds_of_accounts_change_no_penalty():
    frame = prepared(tied())
    assert choice.choose(frame, seed=0).penalty in choice.PENALTIES
