"""What signals do not show of single accounts: planted, measured twice, found again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.fitting import fit, frailty
from ml.fitting.frailty import HalfScores
from ml.frames.frame import Frame, one_stratum
from ml.frames.halves import MAX_ACCOUNTS, Halves, pairs
from ml.scoring import document, score
from ml.scoring.document import Feature
from ml.scoring.features import Floats
from ml.scoring.hazards import ChurnModel, load
from shared.vocabulary.landmark import Landmark
from tests.ml.examples import annual, rows_of

ACCOUNTS = 20_000


def measured(seed: int, error: float, passing: float) -> tuple[HalfScores, float]:
    """Two latent states told with error; the parts that predict best, and what they leave.

    `passing` is the variance of what a state was for a year and is no more.
    """
    rng = np.random.default_rng(seed)
    effects, errors = np.array([0.7, -0.5]), np.array([error, 2 * error])
    mixed = np.array([[1.0, 0.3], [0.0, np.sqrt(1 - 0.09)]])
    lasting = rng.standard_normal((ACCOUNTS, 2)) @ mixed

    def halves() -> tuple[Floats, Floats]:
        state = lasting + np.sqrt(passing) * rng.standard_normal((ACCOUNTS, 2))
        noise = rng.standard_normal((2, ACCOUNTS, 2)) * np.sqrt(2 * errors)
        return state + noise[0], state + noise[1]

    now, before = halves(), halves()
    whole = (now[0] + now[1]) / 2
    states = mixed.T @ mixed
    total = states + passing * np.eye(2) + np.diag(errors)
    weights = np.linalg.solve(total, states @ effects)
    left = effects @ states @ effects - weights @ total @ weights
    measures = HalfScores(
        whole * weights,
        (now[0] * weights, now[1] * weights),
        (before[0] * weights, before[1] * weights),
    )
    return measures, float(left)


@given(st.integers(0, 10_000), st.floats(0.02, 0.8), st.sampled_from([0.0, 0.2, 0.5]))
@settings(max_examples=25, deadline=None)
def test_a_planted_variance_is_found_from_two_measures_of_the_same(seed, error, passing):
    measures, left = measured(seed, error, passing)
    assert frailty.variance(measures) == pytest.approx(left, rel=0.12, abs=0.01)


def test_halves_that_tell_the_same_leave_nothing_unseen():
    whole = np.random.default_rng(3).standard_normal((500, 3))
    assert frailty.variance(HalfScores(whole, (whole, whole), (whole, whole))) == pytest.approx(
        0, abs=1e-9
    )
    few = whole[: frailty.MIN_ACCOUNTS - 1]
    assert frailty.variance(HalfScores(few, (-few, few), (few, few))) == 0.0


def test_parts_drawn_in_hide_as_much_as_they_would_whole():
    measures, left = measured(7, 0.4, 0.2)
    shrunk = HalfScores(
        *(measures.whole / 2, (measures.now[0] / 2, measures.now[1] / 2)),
        (measures.before[0] / 2, measures.before[1] / 2),
    )
    missed = float(np.cov(shrunk.whole.T).sum())
    assert frailty.variance(shrunk, 2.0) == pytest.approx(left + missed, rel=0.08)


def test_a_source_that_says_nothing_does_no_harm():
    measures, left = measured(11, 0.3, 0.0)
    nothing = np.zeros((ACCOUNTS, 1))
    wider = HalfScores(
        np.hstack([measures.whole, nothing]),
        (np.hstack([measures.now[0], nothing]), np.hstack([measures.now[1], nothing])),
        (np.hstack([measures.before[0], nothing]), np.hstack([measures.before[1], nothing])),
    )
    assert frailty.variance(wider) == pytest.approx(frailty.variance(measures), rel=1e-6)
    assert frailty.variance(measures) == pytest.approx(left, rel=0.12)


def table(matrix: Floats, log_hazard: Floats, seed: int) -> Frame:
    rng = np.random.default_rng(seed)
    left = np.ceil(rng.exponential(12 / np.exp(log_hazard))).astype(np.int64)
    rows = len(matrix)
    return Frame(
        clock="start", columns={}, duration=np.minimum(left, 12), event=left <= 12,
        stratum=one_stratum(rows), account=np.arange(rows),
        data_from=date(2025, 1, 1), data_to=date(2026, 1, 1),
    )  # fmt: skip


def test_the_slope_tells_effects_drawn_in_from_chance_taken_for_effects():
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((3_000, 12))
    frame = table(matrix, matrix[:, 0] - 0.5 * matrix[:, 1], 5)
    slopes = [frailty.slope(frame, matrix, np.full(12, each), seed=0) for each in (0.0, 0.05, 1.0)]

    assert slopes[0] == pytest.approx(1.0, abs=0.08)
    assert slopes[0] < slopes[1] < slopes[2]
    few = table(matrix[:150], np.zeros(150) - 1, 6)
    assert frailty.slope(few, matrix[:150], np.zeros(12), seed=0) == frailty.SLOPES[0]


def column(*values: Any) -> Any:
    values_of_rows = np.empty(len(values), dtype=object)
    values_of_rows[:] = values
    return values_of_rows


def test_halves_are_brought_to_the_scale_of_the_whole():
    first, second, seats = column(1, 3, 0, 4, None), column(1, 1, 2, 6, 2), column(5, 5, 9, 2, 1)
    halves = Halves(
        {"uses": column(2, 4, 2, 10, 9), "seats": seats, "plan": column(*"aabba")},
        ({"uses": first, "seats": seats}, {"uses": second, "seats": seats}),
        ({"uses": second, "seats": seats - 1}, {"uses": first, "seats": seats - 1}),
    )
    features = [Feature(n, n, "usage", "number") for n in ("uses", "seats")]
    features.append(Feature("plan", "plan", "billing", "level"))
    whole, now, other, before, _ = halves.as_wholes(features)

    assert whole["uses"].tolist() == [2, 4, 2, 10, 9]
    assert now["uses"].tolist() == pytest.approx([2, 6, 0, 8, 27 / 5]), "what is unknown: the mean"
    assert other["uses"].tolist() == before["uses"].tolist() == pytest.approx([2, 2, 4, 12, 4])
    assert before["seats"].tolist() == whole["seats"].tolist(), "known, not measured"
    assert before["plan"].tolist() == list("aabba")
    assert len(halves) == 5


def test_accounts_are_compared_with_themselves_a_year_before():
    end = datetime(2026, 6, 1, tzinfo=UTC)
    days = [end - timedelta(days=30 * back) for back in range(20)]
    marks = [Landmark(UUID(int=i), day) for i in range(30) for day in days[: 5 + i]]
    now, before = pairs(marks)

    assert {mark.as_of for mark in now} == {end}
    assert {mark.as_of for mark in before} == {days[12]}
    assert [mark.account_id for mark in now] == [mark.account_id for mark in before]
    assert len(now) == 22, "those who were there a year before"
    assert pairs(marks[::-1]) == (now, before)
    assert pairs([]) == ([], [])
    many = [Landmark(UUID(int=i), end) for i in range(3 * MAX_ACCOUNTS + 7)]
    assert MAX_ACCOUNTS * 0.7 < len(pairs(many)[0]) <= MAX_ACCOUNTS


def with_unseen(churn_model: ChurnModel, variance: float) -> ChurnModel:
    causes = tuple(
        msgspec.structs.replace(cause, unseen=variance) for cause in churn_model.document.causes
    )
    return load(*document.encode(msgspec.structs.replace(churn_model.document, causes=causes)))


@pytest.fixture(scope="module")
def renewing() -> ChurnModel:
    return load(*document.encode(fit.fit(annual().frame())))


def forecasts(churn_model: ChurnModel, frame: Frame) -> list[score.Forecast]:
    days = [float(day) for day in frame.columns["days_to_renewal"].tolist()]
    return score.score(
        churn_model, rows_of(frame), elapsed_days=[400.0] * len(frame), days_to_renewal=days
    )


def test_values_stay_what_they_were_and_intervals_grow(renewing):
    frame = annual().frame().take(np.arange(60))
    before, after = [forecasts(with_unseen(renewing, each), frame) for each in (0.0, 0.4)]
    assert [f.curve for f in before] == [f.curve for f in forecasts(renewing, frame)]

    for narrow, wide in zip(before, after, strict=True):
        pairs_of = list(zip(narrow.curve, wide.curve, strict=True))
        assert all(a.survival.value == b.survival.value for a, b in pairs_of)
        parts = [[d.contribution for d in f.drivers] for f in (narrow, wide)]
        assert parts[0] == parts[1]
        for a, b in pairs_of[1:]:
            assert b.survival.low <= a.survival.low <= a.survival.value <= a.survival.high
            assert b.survival.value <= b.survival.high
        for ends in ([p.survival.low for _, p in pairs_of], [p.survival.high for _, p in pairs_of]):
            assert all(later <= sooner for sooner, later in pairwise(ends))
        width = [sum(p.survival.high - p.survival.low for p in f.curve) for f in (narrow, wide)]
        assert width[1] > width[0]


@pytest.mark.parametrize("variance", [0.1, 0.4])
def test_nine_in_ten_single_chances_lie_in_the_interval_and_their_mean_is_the_value(
    renewing, variance
):
    frame = annual().frame().take(np.arange(0, 400, 9))
    exact = with_unseen(without_sampling(renewing), variance)
    z = np.random.default_rng(1).standard_normal(40_000)
    shares: list[float] = []
    for forecast in forecasts(exact, frame):
        chance = forecast.churn_probability(forecast.horizon_days)
        assert chance
        own = 1 - np.exp(-spread_around(chance.value, variance, z))
        assert own.mean() == pytest.approx(chance.value, abs=0.01)
        shares.append(float(np.mean((chance.low <= own) & (own <= chance.high))))
    assert np.mean(shares) == pytest.approx(0.90, abs=0.01)


def spread_around(chance: float, variance: float, z: Floats) -> Floats:
    """Log-normal cumulative hazards under which the mean chance is the one given."""
    low, high = 1e-9, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        hazards = middle * np.exp(np.sqrt(variance) * z)
        low, high = (middle, high) if (1 - np.exp(-hazards)).mean() < chance else (low, middle)
    return low * np.exp(np.sqrt(variance) * z)


def without_sampling(churn_model: ChurnModel) -> ChurnModel:
    """The model as if coefficients and baselines were certain."""
    causes = tuple(
        msgspec.structs.replace(
            cause,
            variance=document.Packed.of(0 * cause.variance.array()),
            strata={
                name: msgspec.structs.replace(baseline, spread=(), lean=None)
                for name, baseline in cause.strata.items()
            },
        )
        for cause in churn_model.document.causes
    )
    return load(*document.encode(msgspec.structs.replace(churn_model.document, causes=causes)))


def test_a_document_from_before_it_was_known_is_read_as_knowing_nothing_of_it(renewing):
    plain = msgspec.json.decode(document.encode(renewing.document)[0])
    for cause in plain["causes"]:
        del cause["unseen"]
    old = msgspec.convert(plain, document.ForecastModel)
    assert [cause.unseen for cause in old.causes] == [0.0]


def test_where_halves_are_told_the_model_knows_how_much_it_does_not_see():
    frame = annual(900).frame()
    last = frame.take(frame.day == frame.day.max())
    rng = np.random.default_rng(2)

    def half() -> dict[str, Any]:
        columns = dict(last.columns)
        uses = np.array(columns["events_28d"].tolist()) / 2
        columns["events_28d"] = column(*(uses * np.exp(rng.normal(0, 0.5, len(last)))).tolist())
        return columns

    halves = Halves(last.columns, (half(), half()), (half(), half()))
    blind, aware = fit.fit(frame), fit.fit(replace(frame, halves=halves))

    assert [cause.unseen for cause in blind.causes] == [0.0]
    assert 0.02 < aware.causes[0].unseen < 2
    assert aware.causes[0].coefficients == blind.causes[0].coefficients
    assert aware.data_hash != blind.data_hash
    assert aware == fit.fit(replace(frame, halves=halves))
