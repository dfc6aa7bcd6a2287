"""Hazard ratios and partial effects say what the model does, and how sure it is of it."""

import math

import numpy as np
import pytest

from ml.fitting import fit
from ml.scoring import document, effects, signal_groups
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.score import score
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import annual, tied


@pytest.fixture(scope="module")
def churn_model() -> ChurnModel:
    return load(*document.encode(fit.fit(tied())))


def test_a_ratio_is_the_one_between_two_accounts_scored(churn_model: ChurnModel):
    """Without products, since these depend on the rest of the account."""
    assert not any(term.kind == "product" for term in churn_model.document.terms)
    row: FeatureRow = {"plan": "basic", "seats": 40.0, "auto_renew": True}
    for effect in effects.ratios(churn_model):
        start: FeatureRow = {**row, effect.feature: effect.start}
        end: FeatureRow = {**row, effect.feature: effect.end}
        ends = score(
            churn_model,
            [start, end],
            elapsed_days=[0.0, 0.0],
            days_to_renewal=[None, None],
        )
        gap = ends[1].log_hazard_ratio - ends[0].log_hazard_ratio
        assert math.log(effect.ratio) == pytest.approx(gap, abs=1e-9)
        assert effect.low < effect.ratio < effect.high


def test_planted_effects_have_their_sign_and_size(churn_model: ChurnModel):
    """`tied` plants −.02 a seat and +.7 for the basic plan."""
    ratios = {(effect.feature, str(effect.end)): effect for effect in effects.ratios(churn_model)}
    plan = churn_model.document.features[
        [f.name for f in churn_model.document.features].index("plan")
    ]
    assert any(effect.feature == "seats" and effect.high < 1 for effect in ratios.values())
    for level in plan.levels:
        effect = ratios["plan", str(level)]
        truth = 0.7 * ((level == "basic") - (plan.reference == "basic"))
        assert math.log(effect.low) - 0.1 < truth < math.log(effect.high) + 0.1


def test_a_curve_is_one_at_its_reference_and_widens_away_from_it(churn_model: ChurnModel):
    for curve in effects.curves(churn_model):
        values = [point.value for point in curve.points]
        assert values == sorted(values, key=lambda v: values.index(v))
        if isinstance(curve.reference, str):
            point = curve.points[values.index(curve.reference)]
            assert (point.ratio, point.low, point.high) == (1, 1, 1)
            continue
        widths = [math.log(p.high / p.low) for p in curve.points]
        nearest = int(np.argmin([abs(float(v) - curve.reference) for v in values]))
        assert widths[nearest] == pytest.approx(min(widths), abs=0.25)
        assert max(widths[0], widths[-1]) > widths[nearest]


def test_logarithmic_signals_are_told_in_their_own_unit():
    churn_model = load(*document.encode(fit.fit(annual().frame())))
    (curve,) = [c for c in effects.curves(churn_model) if c.feature == "events_28d"]
    (feature,) = [f for f in churn_model.document.features if f.name == "events_28d"]
    assert feature.logarithmic
    assert feature.low <= float(curve.points[0].value) < float(curve.points[-1].value)
    assert float(curve.points[-1].value) <= feature.high
    assert curve.points[0].ratio > 1 > curve.points[-1].ratio, "use keeps customers"


@pytest.mark.parametrize(
    ("feature", "group"),
    [
        ("events_28d", "usage"),
        ("weeks_since_last_event", "usage"),
        ("active_members_28d", "usage"),
        ("seats", "seats"),
        ("members", "seats"),
        ("certified_members", "learning"),
        ("course_completions_180d", "learning"),
        ("tickets_high_90d", "support"),
        ("payment_failures_90d", "payments"),
        ("invoices_overdue", "payments"),
        ("mrr_cents", "billing"),
        ("auto_renew", "contract"),
        ("auto_renew_off", "decision"),
        ("account_age_days", "age"),
        ("trait_seats_wanted", "company"),
        ("quux", "other"),
    ],
)
def test_signals_are_grouped_by_what_they_speak_of(feature: str, group: str):
    assert signal_groups.group_of(feature) == group


def test_groups_are_twelve_at_most_and_add_up():
    assert len(signal_groups.GROUPS.keys() - {"decision"}) <= 12
    parts = [("events_28d", 0.1), ("seats", -0.4), ("active_days_28d", 0.05), ("quux", 0.01)]
    groups = signal_groups.summed(parts)
    assert list(groups) == ["seats", "usage", "other"]
    assert sum(groups.values()) == pytest.approx(sum(part for _, part in parts), abs=1e-15)
