"""What cannot carry a tenant's model is refused with the reason; see also tests/ml/table."""

from dataclasses import replace

import numpy as np
import pytest

from ml.fitting import fit
from ml.frames.frame import TrainingRefused
from ml.judging.evaluate import ready
from ml.scoring.score import score
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import tied


def blank(frame):
    return np.full(len(frame), None, dtype=object)


def constant(frame):
    return np.full(len(frame), "DE", dtype=object)


REFUSED = {
    "empty": (lambda f: f.take(np.array([], dtype=np.int64)), "nothing to train on"),
    "all censored": (lambda f: replace(f, event=np.zeros(len(f), bool)), "has churned yet"),
    "one class": (lambda f: replace(f, event=np.ones(len(f), bool)), "every one of 400"),
    "too few events": (
        lambda f: replace(f, event=np.arange(len(f)) < 5),
        "only 5 of 400 accounts .* at least 20",
    ),
    "a label before its landmark": (
        lambda f: replace(f, duration=f.duration - 3),
        r"rows end before their landmark: a label must lie after",
    ),
    "only columns that say nothing": (
        lambda f: replace(f, columns={"empty": blank(f), "country": constant(f)}),
        "no signal differs between accounts: country: .* same for everybody; empty: .*never known",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_frame_that_cannot_carry_a_model_is_refused_with_the_reason(spoil, reason):
    with pytest.raises(TrainingRefused, match=reason):
        fit.fit(spoil(tied()))


def test_a_column_that_says_nothing_is_left_out_and_named():
    frame = tied()
    columns = {**frame.columns, "empty": blank(frame), "country": constant(frame)}
    notes = " ".join(fit.fit(replace(frame, columns=columns)).notes)
    assert "country: left out, it is the same for everybody" in notes
    assert "empty: left out, it is never known" in notes


def test_an_unseen_category_is_scored_as_the_most_common_and_said():
    model = ready(fit.fit(tied()))
    rows: list[FeatureRow] = [
        {"seats": 40.0, "plan": plan, "auto_renew": True} for plan in ("basic", "plus", "pro", "x")
    ]
    *familiar, unseen = score(model, rows, elapsed_days=[0.0] * 4, days_to_renewal=[90.0] * 4)
    assert unseen.unlike_training == ("plan",)
    assert all("plan" not in forecast.unlike_training for forecast in familiar)
    assert unseen.renewal in [forecast.renewal for forecast in familiar]
