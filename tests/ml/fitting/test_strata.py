"""Baselines along the renewal clock, and what small strata borrow."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ml.fitting.fit import fit
from ml.fitting.strata import baselines
from ml.frames.frame import Frame
from ml.judging.evaluate import ready
from ml.scoring.score import score
from shared.vocabulary.landmark import FeatureRow
from tests.ml.examples import DATA_TO, annual


def clock(parts: dict[str, list[tuple[int, bool, int]]]) -> Frame:
    """A landmark frame from (months, churned, how many) by stratum."""
    rows = [
        (s, m, e) for s, counts in parts.items() for m, e, count in counts for _ in range(count)
    ]
    names, months, events = zip(*rows, strict=True)
    return Frame(
        "landmark",
        {},
        np.array(months),
        np.array(events),
        np.array(names),
        np.arange(len(rows)),
        date(2025, 1, 1),
        DATA_TO,
    )


def test_strata_with_many_losses_have_a_baseline_of_their_own():
    frame = annual(300).frame()
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    assert sorted(by_stratum) == ["none", *(f"r{month:02d}" for month in range(1, 13))]
    for month in range(1, 12):
        stratum = by_stratum[f"r{month:02d}"]
        steps = np.diff(stratum.cumulative_hazard)
        assert not stratum.borrowed
        assert np.flatnonzero(steps).tolist()[0] == month - 1
        at = frame.stratum == f"r{month:02d}"
        lost = (frame.event & at & (frame.duration == month)).sum()
        at_risk = (at & (frame.duration >= month)).sum()
        assert np.exp(-steps[month - 1]) == pytest.approx(1 - lost / at_risk)


def test_small_strata_share_the_hazard_of_the_renewal_month_and_of_all_others():
    frame = clock(
        {
            "r02": [(2, True, 6), (12, False, 34), (1, True, 1)],
            "r05": [(5, True, 4), (12, False, 16)],
        }
    )
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    decision = -np.log1p(-10 / 60)  # ten left of sixty who came to their renewal
    exposure = 6 * 2 + 34 * 12 + 1 + 4 * 5 + 16 * 12 - 60
    for name, month in (("r02", 2), ("r05", 5), ("r09", 9)):
        steps = np.diff(by_stratum[name].cumulative_hazard)
        assert by_stratum[name].borrowed
        assert steps[month - 1] == pytest.approx(decision)
        assert np.delete(steps, month - 1) == pytest.approx(np.full(11, 1.5 / exposure))
    assert (by_stratum["r09"].rows, by_stratum["r02"].rows) == (0, 41)


def test_nobody_is_ever_certain_to_stay():
    frame = clock({"none": [(12, False, 50)], "monthly": [(3, False, 5), (1, True, 1)]})
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    assert sorted(by_stratum) == ["monthly", "none"]
    assert by_stratum["none"].cumulative_hazard[12] == pytest.approx(12 * 0.5 / 600)
    assert by_stratum["monthly"].cumulative_hazard[1] == pytest.approx(1.5 / 16)


def test_a_baseline_that_ends_early_is_carried_on_with_borrowed_hazards():
    frame = clock({"r01": [(1, True, 20), (3, False, 40)], "r02": [(2, True, 20), (12, False, 80)]})
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    steps = np.diff(by_stratum["r01"].cumulative_hazard)
    assert (by_stratum["r01"].reach_months, by_stratum["r01"].borrowed) == (12, False)
    assert steps[:3] == pytest.approx([-np.log1p(-20 / 60), 0, 0])
    assert len(set(steps[3:].round(12).tolist())) == 1
    assert 0 < steps[3] < 0.001


def test_the_reach_is_the_last_month_that_five_rows_saw():
    frame = clock({"none": [(7, False, 30), (7, True, 20), (9, False, 4)]})
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    assert by_stratum["none"].reach_months == 7
    start = replace(frame, clock="start", stratum=np.array(["all"] * 54))
    assert baselines(start, np.zeros(54), "breslow")["all"].reach_months == 7


def test_where_no_renewal_was_ever_seen_baselines_end_before_it():
    frame = clock(
        {
            "monthly": [(2, True, 30), (5, False, 200)],
            "r08": [(3, True, 2), (5, False, 60)],
            "r10": [(5, False, 60)],
        }
    )
    by_stratum = baselines(frame, np.zeros(len(frame)), "kalbfleisch-prentice")
    assert {name: by_stratum[name].reach_months for name in ("r01", "r04", "r08", "monthly")} == {
        "r01": 0, "r04": 3, "r08": 5, "monthly": 5
    }  # fmt: skip
    steps = np.diff(by_stratum["r08"].cumulative_hazard)
    assert steps == pytest.approx(np.full(5, 2.5 / (2 * 3 + 120 * 5)))


@pytest.mark.parametrize(("renewal", "reach"), [(10.0, 0), (100.0, 91), (250.0, 152)])
def test_a_young_tenant_is_told_no_renewal_probability(renewal: float, reach: int):
    rng = np.random.default_rng(3)
    parts = {"monthly": [(2, True, 60), (5, False, 200)], "r08": [(5, False, 90)]}
    frame = clock(parts)
    uses = rng.normal(size=len(frame)) - frame.event
    terms = np.where(frame.stratum == "monthly", 1.0, 12.0)
    columns = {"events_28d": uses, "contract_term_months": terms}
    model = ready(fit(replace(frame, columns=columns)))
    row: FeatureRow = {"events_28d": 0.0, "contract_term_months": 12.0}
    (forecast,) = score(model, [row], elapsed_days=[200.0], days_to_renewal=[renewal])
    assert forecast.renewal is None
    assert forecast.horizon_days == reach
    assert forecast.churn_probability(reach + 5) is None
    assert 0 < forecast.curve[-1].survival.value <= 1
    assert forecast.driven == pytest.approx(
        forecast.reference + sum(d.contribution for d in forecast.drivers)
    )
