"""Losses by cause: they add up, agree with what was seen, and say where losses were too few."""

from dataclasses import replace
from datetime import date
from hashlib import sha256

import numpy as np
import pytest

from ml.fitting import fit, selection
from ml.frames.frame import Frame, TooFewLosses
from ml.judging import evaluate
from ml.scoring import document, hazards, score
from ml.scoring.document import ModelUnreadable
from ml.scoring.renewal_clock import MONTH_DAYS
from tests.ml.examples import annual, rows_of, tied


def split(frame: Frame, unpaid: float, seed: int = 2) -> Frame:
    """The frame with so large a share of its losses unpaid, the same for all rows of an account."""
    rng = np.random.default_rng(seed)
    chance = rng.random(int(frame.account.max()) + 1)
    cause = np.where(chance[frame.account] < unpaid, "involuntary", "voluntary")
    return replace(frame, cause=cause.astype(np.str_))


@pytest.fixture(scope="module")
def renewing() -> hazards.ChurnModel:
    return evaluate.ready(fit.fit(split(annual().frame(), 0.3)))


def scored(churn_model: hazards.ChurnModel, frame: Frame) -> list[score.Forecast]:
    days = [float(day) for day in frame.columns["days_to_renewal"].tolist()]
    return score.score(
        churn_model, rows_of(frame), elapsed_days=[400.0] * len(frame), days_to_renewal=days
    )


def test_causes_and_staying_add_up_to_one_at_every_day_and_at_the_renewal(renewing):
    frame = annual().frame()
    for forecast in scored(renewing, frame.take(np.arange(0, len(frame), 40))):
        parts = np.array([part.value for part in forecast.causes])
        stays = np.array([point.survival.value for point in forecast.curve])
        assert np.abs(parts.sum(axis=0) + stays - 1).max() < 1e-12
        assert (np.diff(parts, axis=1) >= 0).all()
        assert forecast.renewal is not None
        lost = sum(part.renewal.value for part in forecast.causes if part.renewal)
        assert lost + forecast.renewal.value == pytest.approx(1, abs=1e-12)
        within = forecast.churn_probability(100.0)
        assert within is not None
        read = [part.churn_probability(forecast.curve, 100.0).value for part in forecast.causes]
        assert sum(read) == pytest.approx(within.value, abs=1e-12)


def test_drivers_still_add_up_with_two_causes(renewing):
    frame = annual().frame()
    for forecast in scored(renewing, frame.take(np.arange(0, len(frame), 60))):
        total = forecast.reference + sum(driver.contribution for driver in forecast.drivers)
        assert total == pytest.approx(forecast.driven, abs=1e-9)


def test_every_interval_holds_its_value(renewing):
    frame = annual().frame()
    for forecast in scored(renewing, frame.take(np.arange(0, len(frame), 60))):
        chances = [point.survival for point in forecast.curve]
        for part in forecast.causes:
            triples = zip(part.value, part.low, part.high, strict=True)
            chances += [score.Probability(*triple) for triple in triples]
        for chance in chances:
            assert 0 <= chance.low <= chance.value + 1e-15
            assert chance.value <= chance.high + 1e-15 <= 1 + 1e-14


def test_without_signals_the_causes_are_what_was_seen_of_each():
    """Aalen and Johansen's estimate, save for terms of third order within a month."""
    frame = split(tied(2_000, seed=4), 0.4)
    ready = evaluate.ready(fit.fit_strata(frame))
    (forecast,) = score.score(ready, [{}], elapsed_days=[0.0], days_to_renewal=[None])
    assert forecast.basis == "strata"
    assert forecast.drivers == ()
    for part in forecast.causes:
        stays, share = 1.0, 0.0
        for month in range(1, 10):
            there = frame.duration >= month
            is_lost = frame.event & (frame.duration == month)
            share += stays * (is_lost & (frame.cause == part.cause)).sum() / there.sum()
            stays *= 1 - is_lost.sum() / there.sum()
            chance = part.churn_probability(forecast.curve, month * MONTH_DAYS).value
            assert chance == pytest.approx(share, rel=2e-3)


def test_the_spread_of_a_baseline_is_that_of_so_many_losses():
    """Of a month's Kaplan–Meier step the log hazard varies by 1 / losses / (1 − hazard), nearly."""
    frame = replace(tied(3_000, seed=5), cause=np.full(3_000, "voluntary", dtype=np.str_))
    stratum = fit.fit_strata(frame).causes[0].strata["all"]
    first = int((frame.event & (frame.duration == 1)).sum())
    assert stratum.spread[1] == pytest.approx(1 / first, rel=0.45)


def test_a_cause_with_few_losses_keeps_a_baseline_and_says_so():
    frame = split(tied(600, seed=1), 0.03)
    count = frame.only("involuntary").lost
    assert 0 < count < fit.MIN_EVENTS
    model = fit.fit(frame)
    first, second = model.causes
    assert (first.cause, first.effects, second.effects) == ("voluntary", "own", "none")
    assert not any(second.coefficients)
    assert any(note.startswith(f"involuntary: only {count} accounts") for note in model.notes)


def test_causes_that_only_together_have_losses_enough_share_their_effects():
    frame = split(tied(90, seed=3), 0.5)
    counts = [frame.only(cause).lost for cause in frame.causes]
    model = fit.fit(frame, min_events=max(counts) + 1)
    assert {part.effects for part in model.causes} == {"shared"}
    assert model.causes[0].coefficients == model.causes[1].coefficients


def test_too_few_losses_for_a_model_may_still_make_curves():
    frame = tied()
    event = frame.event.copy()
    event[np.flatnonzero(event)[8:]] = False
    few = replace(frame, event=event)
    with pytest.raises(TooFewLosses, match="only 8 of 400"):
        fit.fit(few)
    curves = fit.fit_strata(few)
    assert "only 8 of 400 accounts have churned" in curves.notes[0]
    assert document.encode(curves) == document.encode(fit.fit_strata(few))
    event[np.flatnonzero(event)[4:]] = False
    with pytest.raises(TooFewLosses):
        fit.fit_strata(replace(frame, event=event))


def test_a_document_of_the_first_format_is_refused_by_its_name():
    old = b'{"format":"tenure.forecast/1","clock":"start"}'
    with pytest.raises(ModelUnreadable, match=r"tenure\.forecast/1.*train again"):
        hazards.load(old, sha256(old).hexdigest())


def test_penalties_are_judged_on_later_landmarks_with_what_was_known_before_them():
    frame = annual(600).frame()
    folds = selection.folds_of(frame, seed=0)
    assert len(folds) >= 2
    for trial in folds:
        assert trial.training.day.max() < trial.validation.day.min()
        cut = date.fromordinal(int(trial.validation.day.min()))
        months = [
            (cut.year - day.year) * 12 + cut.month - day.month
            for day in map(date.fromordinal, trial.training.day.tolist())
        ]
        assert (trial.training.duration <= np.array(months)).all()


def test_without_a_calendar_accounts_are_held_out_at_random():
    for trial in selection.folds_of(tied(), seed=0):
        assert not set(trial.training.account.tolist()) & set(trial.validation.account.tolist())


def test_newcomers_are_spoken_for_by_their_own_model_where_there_is_one(renewing):
    early = with_newcomers(renewing)
    frame = annual().frame().take(np.arange(3))
    rows, days = rows_of(frame), [200.0] * 3
    forecasts = score.score(early, rows, elapsed_days=[30.0, 89.9, 90.0], days_to_renewal=days)
    assert [forecast.basis for forecast in forecasts] == ["newcomers", "newcomers", "model"]
    alone = score.score(renewing, rows, elapsed_days=[30.0] * 3, days_to_renewal=days)
    assert {forecast.basis for forecast in alone} == {"model"}
    assert forecasts[2] == alone[2]


def with_newcomers(churn_model: hazards.ChurnModel) -> hazards.ChurnModel:
    """The model with curves by stratum for newcomers."""
    return replace(churn_model, newcomers=evaluate.ready(fit.fit_strata(annual().frame())))
