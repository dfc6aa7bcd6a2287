"""How signals are read, and which are left out."""

from dataclasses import replace

import numpy as np
import pytest

from ml.fitting import design
from ml.frames.frame import Frame
from ml.scoring.features import spline
from tests.ml.examples import tied


def objects(values) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def with_column(name: str, values) -> Frame:
    frame = tied()
    return replace(frame, columns={**frame.columns, name: objects(values)})


def test_terms_are_standardised_and_unknown_numbers_stand_at_the_mean_with_a_flag():
    frame = tied()
    learned = design.learn(frame)
    matrix = learned.matrix(frame)
    assert np.abs(matrix.mean(axis=0)).max() < 1e-12
    assert np.abs(matrix.std(axis=0) - 1).max() < 1e-12
    unknown = np.array([value is None for value in frame.columns["seats"]])
    kinds = [(term.kind, term.feature) for term in learned.terms]
    assert np.abs(matrix[unknown, kinds.index(("linear", "seats"))]).max() < 1e-12
    assert (matrix[unknown, kinds.index(("missing", "seats"))] > 0).all()


@pytest.mark.parametrize(
    "name", ["TotalCharges", "trait_TotalCharges", "total_charges", "days_to_renewal"]
)
def test_totals_charged_and_the_renewal_clock_are_never_signals(name):
    rng = np.random.default_rng(1)
    learned = design.learn(with_column(name, rng.normal(size=400).tolist()))
    assert name not in {feature.name for feature in learned.features}
    assert any(note.startswith(f"{name}: left out") for note in learned.notes)


def test_what_follows_the_duration_is_no_signal_on_the_start_clock():
    frame = tied()
    paid = (frame.duration * 50 * np.random.default_rng(2).uniform(0.8, 1.2, len(frame))).tolist()
    learned = design.learn(with_column("paid_so_far", paid))
    assert "paid_so_far: left out, it follows the duration itself" in learned.notes


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["same"] * 400, "the same for everybody"),
        ([7.0] * 400, "the same for everybody"),
        ([None] * 400, "never known"),
        ([float("nan")] * 400, "never known"),
        ([f"name {i}" for i in range(400)], "400 different values"),
        (["a"] * 395 + ["b"] * 5, "have one value"),
    ],
)
def test_signals_that_say_nothing_are_left_out_with_the_reason(values, why):
    learned = design.learn(with_column("odd", values))
    assert "odd" not in {feature.name for feature in learned.features}
    assert any(note.startswith("odd: left out") and why in note for note in learned.notes)


def test_a_copy_of_another_signal_is_left_out():
    frame = tied()
    learned = design.learn(with_column("tariff", frame.columns["plan"].tolist()))
    assert "tariff" not in {feature.name for feature in learned.features}
    assert sum("other signals say the same" in note for note in learned.notes) == 2


def test_few_numbers_become_levels_and_skewed_ones_go_by_their_logarithm():
    rng = np.random.default_rng(4)
    terms = design.learn(with_column("contract_term_months", rng.choice([1, 12, 24], 400).tolist()))
    feature = next(f for f in terms.features if f.name == "contract_term_months")
    assert (feature.kind, {feature.reference, *feature.levels}) == ("level", {1.0, 12.0, 24.0})
    skewed = design.learn(with_column("mrr_cents", rng.lognormal(8, 2, 400).tolist()))
    feature = next(f for f in skewed.features if f.name == "mrr_cents")
    assert feature.logarithmic
    assert len(feature.knots) == 4


def test_the_spline_is_smooth_and_linear_beyond_its_outer_knots():
    x = np.linspace(-3, 9, 1201)
    bends = spline(x, [0.0, 1.0, 3.0, 5.0])
    second = np.diff(bends, 2, axis=0)
    assert np.abs(second[x[1:-1] < 0]).max() == 0
    assert np.abs(second[x[1:-1] > 5.01]).max() < 1e-12
    assert np.abs(np.diff(second, axis=0)).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("active_days_28d", "Active days (28 days)"),
        ("events_trend_12w", "Events trend (12 weeks)"),
        ("mrr_cents", "Mrr (cents)"),
        ("trait_internet_service", "Internet service"),
        ("MonthlyCharges", "Monthly Charges"),
        ("segment_label", "Segment"),
    ],
)
def test_labels_read_like_words(name, label):
    assert design.label(name) == label
