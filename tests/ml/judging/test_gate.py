"""The gate: the same rows for both, absolute rules, and no worse than the champion."""

from dataclasses import replace

import numpy as np
import pytest

from ml.fitting.fit import fit
from ml.frames.frame import TrainingRefused
from ml.judging import gate
from ml.scoring import document
from ml.training.release import judge
from ml.training.train import packed
from shared.vocabulary.model_document import Judgement, ServedModel
from tests.ml.examples import NOON, annual


def served(model: document.ForecastModel, document_bytes: bytes) -> ServedModel:
    whole = packed(model, NOON)
    return ServedModel(whole.version, whole.document, whole.checksum, document_bytes)


def passed(judgement: Judgement) -> dict[str, bool]:
    return {rule.name: rule.passed for rule in judgement.rules}


@pytest.fixture(scope="module")
def frame():
    return annual(1_200).frame()


@pytest.fixture(scope="module")
def candidate(frame):
    """The first candidate on these rows, with its judgement."""
    return judge(frame, None, 0)


@pytest.fixture(scope="module")
def champion(frame, candidate) -> ServedModel:
    return served(fit(frame), document.encode(candidate.model)[0])


def test_a_quarter_of_the_accounts_is_held_out_and_always_the_same_ones(frame):
    out = gate.held_out(frame.account)
    share = len(np.unique(frame.account[out])) / frame.accounts
    assert share == pytest.approx(0.25, abs=0.05)
    assert not set(frame.account[out]) & set(frame.account[~out])
    later = np.concatenate([frame.account, np.array([77_000_001, 77_000_002])])
    assert (gate.held_out(later)[: len(frame)] == out).all()
    assert gate.held_out(np.arange(100_000)).mean() == pytest.approx(0.25, abs=0.005)


def test_a_first_model_needs_the_absolute_rules_alone(candidate):
    judgement = candidate.judgement
    assert set(passed(judgement)) == {"lost_accounts", "oe_12m", "ici_12m", "auc_12m"}
    assert judgement.passed, judgement
    assert judgement.champion is None


def test_the_same_recipe_on_the_same_rows_is_no_worse_than_itself(frame, champion: ServedModel):
    judgement = judge(frame, champion, 0).judgement
    assert judgement.passed
    assert judgement.champion == champion.version
    for rule in judgement.rules:
        if rule.champion is not None:
            assert rule.candidate == pytest.approx(rule.champion, abs=1e-9)


def test_a_candidate_without_the_signal_that_matters_is_refused(frame, champion: ServedModel):
    blind = {name: values for name, values in frame.columns.items() if name != "events_28d"}
    judgement = judge(replace(frame, columns=blind), None, 0)
    mine = gate.holdout(judgement.model, *_parts(replace(frame, columns=blind)))
    theirs = gate.champion_holdout(champion, *_parts(frame))
    assert theirs is not None
    verdict = gate.judge(mine, theirs, champion.version)
    assert not verdict.passed
    assert "auc_against_champion" in verdict.failed
    both = [rule for rule in verdict.rules if rule.name.endswith("_champion")]
    assert all(rule.candidate is not None and rule.champion is not None for rule in both)


def test_a_better_candidate_passes_a_blind_champion(frame, champion: ServedModel):
    blind = replace(frame, columns={n: v for n, v in frame.columns.items() if n != "events_28d"})
    judgement = judge(blind, None, 0)
    worse = served(judgement.model, document.encode(judgement.model)[0])
    assert judge(frame, worse, 0).judgement.passed


def test_chances_twice_too_high_are_refused_as_not_calibrated(frame, candidate):
    training, rest = _parts(frame)
    good = gate.holdout(candidate.model, training, rest)
    wrong = gate.Holdout(training, rest, 1 - np.minimum(2 * (1 - good.survival), 1))
    verdict = gate.judge(wrong, None, None)
    assert {"oe_12m", "ici_12m"} <= set(verdict.failed)


def test_a_champion_on_another_clock_or_broken_leaves_the_absolute_rules(
    frame, champion: ServedModel
):
    for other in (
        replace(champion, judged_document=b"{}"),
        replace(champion, judged_document=b"", document=champion.document[:-9]),
    ):
        judgement = judge(frame, other, 0).judgement
        assert set(passed(judgement)) == {"lost_accounts", "oe_12m", "ici_12m", "auc_12m"}
        assert judgement.notes == ["the champion cannot be read on these rows"]


def test_the_error_of_a_mean_counts_accounts_not_rows():
    random = np.random.default_rng(0)
    per_account = random.normal(size=400)
    account = np.repeat(np.arange(400), 12)
    repeated = gate.clustered_error(np.repeat(per_account, 12), account)
    assert repeated == pytest.approx(per_account.std() / 20, rel=1e-6)


def test_the_auc_of_whole_weights_is_that_of_repeated_rows(frame, candidate):
    training, rest = _parts(frame)
    once = gate.holdout(candidate.model, training, rest)
    weight = (np.arange(len(rest)) % 3).astype(np.float64)
    rows = np.repeat(np.arange(len(rest)), weight.astype(int))
    again = gate.Holdout(training, rest.take(rows), once.survival[rows])
    assert once.auc(weight) == pytest.approx(again.auc(), abs=1e-12)


def test_too_few_accounts_to_hold_some_out_are_refused():
    few = annual(500).frame()
    few = few.take(~gate.held_out(few.account))
    with pytest.raises(TrainingRefused, match="too few to judge"):
        judge(few, None, 0)


def _parts(frame):
    out = gate.held_out(frame.account)
    return frame.take(~out), frame.take(out)
