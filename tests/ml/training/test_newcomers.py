"""The first 90 days: a part of their own, kept where it is no worse, speaking of nobody else."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import msgspec
import numpy as np
import pytest

from ml.fitting.fit import fit
from ml.frames import landmarks
from ml.frames.columns import Collected
from ml.frames.frame import Frame
from ml.frames.spell_age import are_new, elapsed
from ml.judging import evaluate, gate
from ml.reporting.model_card import card
from ml.reporting.report import report
from ml.scoring import document, score
from ml.scoring.document import ForecastModel
from ml.scoring.hazards import load
from ml.scoring.renewal_clock import MONTH_DAYS
from ml.training import newcomers
from ml.training.release import judge
from ml.training.train import packed
from shared.vocabulary.landmark import FeatureRow, Spell
from shared.vocabulary.model_document import ServedModel
from tests.ml.examples import DATA_TO, NOON


@dataclass(frozen=True)
class Starters:
    """Monthly contracts: who has few members at first leaves early, and late who has many."""

    start: list[date]
    members: np.ndarray
    spells: list[Spell]

    def frame(self, signal: str = "members_per_seat") -> Frame:
        labels = landmarks.labels(self.spells, "landmark", DATA_TO)
        rows: list[FeatureRow] = []
        for label in labels:
            i = label.landmark.account_id.int
            age = (label.landmark.as_of.date() - self.start[i]).days
            rows.append(
                {
                    "contract_term_months": 1.0,
                    "days_to_renewal": float(30 - age % 30),
                    "spell_age_days": float(age),
                    signal: float(self.members[i]),
                    "trait_employees": float(i % 17),
                }
            )
        collected = Collected()
        collected.add({"accounts": rows})
        return landmarks.frame(labels, collected, "landmark", DATA_TO)


EARLY, LATE = (-1.2, 0.05), (0.6, 0.02)
"""Effect of members on the log hazard, and hazard a month, in the first eight months and after."""


def starters(accounts: int = 900, seed: int = 2, *, early: tuple[float, float] = EARLY) -> Starters:
    """Who signed in the last three years."""
    rng = np.random.default_rng(seed)
    members = rng.normal(0, 1, accounts)
    start = [DATA_TO - timedelta(days=int(d)) for d in rng.integers(40, 1090, accounts)]
    spells: list[Spell] = []
    for i in range(accounts):
        ended, month = None, 1
        while ended is None and start[i] + timedelta(days=30 * month) < DATA_TO:
            effect, base = early if month <= 8 else LATE
            if rng.random() < 1 - np.exp(-base * np.exp(effect * members[i])):
                ended = start[i] + timedelta(days=30 * month)
            month += 1
        spells.append(Spell(UUID(int=i), start[i], ended))
    return Starters(start, members, spells)


@pytest.fixture(scope="module")
def frame() -> Frame:
    return starters().frame()


@pytest.fixture(scope="module")
def whole(frame: Frame) -> ForecastModel:
    return newcomers.with_newcomers(fit(frame), frame)


@pytest.fixture(scope="module")
def candidate(frame: Frame):
    """The first candidate on these rows, with its judgement."""
    return judge(frame, None, 0)


def churn(model: ForecastModel, members: float, age: float, months: int = 3) -> float:
    row: FeatureRow = {
        "contract_term_months": 1.0, "members_per_seat": members, "trait_employees": 8.0,
        "spell_age_days": age,
    }  # fmt: skip
    (forecast,) = score.score(
        evaluate.ready(model), [row], elapsed_days=[age], days_to_renewal=[20.0]
    )
    chance = forecast.churn_probability(months * MONTH_DAYS)
    assert chance is not None
    return chance.value


def test_what_differs_in_the_first_ninety_days_is_learned_and_said_of_them_alone(whole):
    assert whole.newcomers is not None
    few, many = -1.0, 1.0
    assert churn(whole, few, 30.0) > 3 * churn(whole, many, 30.0)
    assert churn(whole, few, 700.0) < churn(whole, many, 700.0)
    alone = document.encode(replace_newcomers(whole, None))
    for age in (90.0, 91.0, 400.0):
        assert churn(whole, few, age) == churn(load(*alone).document, few, age)
    assert churn(whole, few, 89.0) != churn(load(*alone).document, few, 89.0)
    assert churn(whole, few, 89.0) == churn(whole.newcomers, few, 89.0)


def replace_newcomers(model: ForecastModel, part: ForecastModel | None) -> ForecastModel:
    return msgspec.structs.replace(model, newcomers=part)


def test_the_early_effect_that_was_planted_is_found(whole):
    """Of twelve months ahead eight at most are early ones, so it comes out smaller."""

    def effect(model: ForecastModel) -> float:
        stays = [1 - churn(model, members, 30.0, months=1) for members in (-1.0, 1.0)]
        return float(np.log(np.log(stays[1]) / np.log(stays[0]))) / 2

    assert EARLY[0] < effect(whole) < 0.6 * EARLY[0]
    assert effect(whole) < 1.1 * effect(replace_newcomers(whole, None))


def test_it_is_kept_for_what_it_says_of_later_newcomers(frame, whole):
    comparison = newcomers.comparison(replace_newcomers(whole, None), whole.newcomers, frame)
    assert comparison is not None
    assert comparison.is_kept
    assert comparison.gain > 0
    assert comparison.error < comparison.error_of_all
    assert whole.notes[-1].startswith("first 90 days: a model of their own")
    assert f"{comparison.error:.4f} against {comparison.error_of_all:.4f}" in whole.notes[-1]


def test_a_part_that_is_worse_is_left_out_and_the_note_says_so():
    """What matters, and does so alike for all, is a trait that newcomers' part does not read."""
    frame = starters(early=(1.2, 0.03)).frame("trait_size")
    model = newcomers.with_newcomers(fit(frame), frame)
    assert model.newcomers is None
    assert model.notes[-1].startswith("first 90 days: no model of their own (")


def test_with_too_few_newcomers_lost_there_is_none_and_the_note_says_so(frame):
    early = np.flatnonzero(are_new(frame) & frame.event)
    spared = np.isin(frame.account, np.unique(frame.account[early])[12:]) & are_new(frame)
    few = frame.take(~spared)
    model = newcomers.with_newcomers(fit(few), few)
    assert model.newcomers is None
    assert model.notes[-1].startswith("first 90 days: no model of their own, only 12 of")


def test_the_same_rows_give_the_same_bytes(frame, whole):
    again = newcomers.with_newcomers(fit(frame), frame)
    assert document.encode(again) == document.encode(whole)


def test_only_what_can_be_known_of_newcomers_is_read(frame, whole):
    assert {f.name for f in whole.newcomers.features} <= newcomers.SIGNALS
    rows = newcomers.rows_of(
        replace(frame, columns={**frame.columns, "onboarding_done_share": np.zeros(len(frame))})
    )
    assert "onboarding_done_share" in rows.columns
    assert "trait_employees" not in rows.columns
    assert (elapsed(rows.columns, len(rows)) < 90).all()
    assert len(rows) == are_new(frame).sum()


def test_judging_routes_rows_as_scoring_does(frame, whole):
    rest = frame.take(np.arange(0, len(frame), 37))
    model = evaluate.ready(whole)
    stays = evaluate.survival_by_month(model, rest)
    ages = elapsed(rest.columns, len(rest)).tolist()
    for i, age in enumerate(ages):
        members = rest.columns["members_per_seat"][i]
        row = {n: v[i] for n, v in rest.columns.items()} | {"members_per_seat": members}
        (forecast,) = score.score(model, [row], elapsed_days=[age], days_to_renewal=[None])
        assert forecast.basis == ("newcomers" if age < 90 else "model")
        chance = forecast.churn_probability(MONTH_DAYS * 4)
        if chance is not None and forecast.stratum == rest.stratum[i]:
            assert 1 - chance.value == pytest.approx(stays[i, 4], abs=1e-12)


def test_report_and_card_say_who_speaks_of_newcomers(candidate):
    words = [
        make(evaluate.ready(model), candidate.evidence, version="v", made_at=NOON, **more)
        for make, more in ((report, {"checksum": ""}), (card, {}))
        for model in (candidate.model, replace_newcomers(candidate.model, None))
    ]
    with_part, without, card_with_part, card_without = words
    note = candidate.model.notes[-1].removeprefix("first 90 days: ")
    for page in words:
        assert note.split(" lost)")[0].split("(")[1] in page
    assert "<h2>First 90 days</h2>" in with_part
    assert "Members per seat" in with_part.split("<h2>First 90 days</h2>")[1]
    assert "<h2>First 90 days</h2>" not in without
    assert "other signals speak of accounts in their first 90 days" in card_with_part
    assert "other signals speak" not in card_without


def test_the_gate_judges_model_and_part_together_and_a_later_candidate_against_both(
    frame, candidate
):
    assert candidate.model.newcomers is not None
    assert candidate.judgement.passed, candidate.judgement
    out = gate.held_out(frame.account)
    training, rest = frame.take(~out), frame.take(out)
    new = are_new(rest)
    both = gate.holdout(candidate.model, training, rest).survival
    alone = gate.holdout(replace_newcomers(candidate.model, None), training, rest).survival
    assert (both[~new] == alone[~new]).all()
    assert (both[new, 3] != alone[new, 3]).all()
    model = newcomers.like(candidate.model, fit(frame), frame)
    assert model.newcomers is not None
    assert model.notes[-1] == candidate.model.notes[-1]
    named = packed(model, NOON)
    bytes_ = document.encode(candidate.model)[0]
    champion = ServedModel(named.version, named.document, named.checksum, bytes_)
    again = judge(frame, champion, 0).judgement
    assert again.passed
    for rule in again.rules:
        if rule.champion is not None:
            assert rule.candidate == pytest.approx(rule.champion, abs=1e-9)
