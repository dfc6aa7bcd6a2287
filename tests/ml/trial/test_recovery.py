"""Planted drivers come back from served parts with their sign and order, or it is said."""

from dataclasses import replace
from datetime import date
from typing import Literal

import numpy as np
import pytest

from ml.fitting.fit import fit
from ml.frames.frame import Frame
from ml.judging.evaluate import ready
from ml.scoring.score import Forecast, score
from ml.simulation.clock import date_of, day_of
from ml.simulation.drivers import PLANTED
from ml.simulation.planted import RENEWAL, lost_probability
from ml.simulation.tenant import simulate
from ml.trial.recovery import SIGNALS, Driver, PlantedAccounts, driver_of, order, recovered, signs
from tests.ml.examples import DATA_TO, rows_of

ROWS = 3_000
NAMES = tuple(PLANTED)
SHOWN = {
    "health": "events_28d",
    "education": "completed_share",
    "friction": "tickets_90d",
    "size": "seats",
    "first renewal": "renewals",
    "discount ends": "discount_share",
}


def world(seed: int) -> tuple[Frame, np.ndarray]:
    """Accounts at their renewal month with each driver in one signal, and some noise over it."""
    rng = np.random.default_rng(seed)
    planted = rng.standard_normal((ROWS, 6))
    planted[:, 4:] = rng.random((ROWS, 2)) < (0.5, 0.15)
    odds = RENEWAL.annual + planted @ np.array([PLANTED[name] for name in NAMES])
    lost = rng.random(ROWS) < 1 / (1 + np.exp(-odds))
    shown = planted + np.where(np.arange(6) < 4, 0.3, 0.0) * rng.standard_normal((ROWS, 6))
    columns = {SHOWN[name]: shown[:, at] for at, name in enumerate(NAMES)}
    columns |= {
        "contract_term_months": np.full(ROWS, 12.0),
        "days_to_renewal": np.full(ROWS, 20.0),
    }
    frame = Frame(
        clock="landmark",
        columns=columns,
        duration=np.ones(ROWS, dtype=np.int64),
        event=lost,
        stratum=np.full(ROWS, "r01"),
        account=np.arange(ROWS),
        data_from=date(2025, 1, 1),
        data_to=DATA_TO,
        day=np.full(ROWS, DATA_TO.toordinal()),
    )
    return frame, planted


def served(frame: Frame, of: Frame) -> list[Forecast]:
    renewal = of.columns["days_to_renewal"].tolist()
    return score(
        ready(fit(frame)), rows_of(of), elapsed_days=[None] * len(of), days_to_renewal=renewal
    )


def drivers_of(frame: Frame, of: Frame, planted: np.ndarray) -> list[Driver]:
    return recovered(PlantedAccounts.of(NAMES, planted, served(frame, of)), PLANTED)


def shares_kept(drivers: list[Driver], by: Literal["effect", "part"]) -> tuple[float, float]:
    """Shares of signs and of pairs in order."""
    planted = [driver.planted for driver in drivers]
    values = [driver.effect if by == "effect" else driver.part for driver in drivers]
    return signs(planted, values), order(planted, values)


def test_a_fit_to_the_planted_drivers_gives_them_back_and_one_to_shuffled_ones_does_not():
    frame, planted = world(1)
    some = np.arange(800)
    drivers = drivers_of(frame, frame.take(some), planted[some])

    assert [driver.name for driver in drivers][:3] == ["health", "education", "friction"]
    assert shares_kept(drivers, "effect") == shares_kept(drivers, "part") == (1.0, 1.0)
    for driver in drivers:
        assert driver.effect == pytest.approx(driver.planted, rel=0.45), driver.name
        assert abs(driver.correlation) > 0.8

    order = np.random.default_rng(2).permutation(ROWS)
    columns = {**frame.columns, "events_28d": -frame.columns["events_28d"][order]}
    drivers = drivers_of(replace(frame, columns=columns), frame.take(some), planted[some])
    assert min(shares_kept(drivers, "effect")) < 1.0
    assert min(shares_kept(drivers, "part")) < 1.0


def test_what_one_signal_says_in_the_place_of_another_counts_for_the_effect_but_not_the_part():
    rng = np.random.default_rng(5)
    planted = rng.standard_normal((2_000, 2))
    parts = np.column_stack([planted @ (-1.0, -0.7), planted @ (0.0, 0.3)])
    health, size = recovered(
        PlantedAccounts(("health", "size"), planted, parts, parts.sum(axis=1)),
        {"health": -1.0, "size": -0.4},
    )
    assert health.effect == pytest.approx(-1.0, abs=0.05)
    assert size.effect == pytest.approx(-0.4, abs=0.05)
    assert size.part == pytest.approx(0.3, abs=0.05)


def test_a_driver_that_is_the_same_for_all_has_no_effect():
    planted = np.random.default_rng(6).standard_normal((300, 2)) * (1.0, 0.0)
    parts = planted * -1.0
    shown = PlantedAccounts(("health", "size"), planted, parts, parts.sum(axis=1))
    health, size = recovered(shown, {"health": -1.0, "size": -0.4})
    assert health.effect == pytest.approx(health.planted)
    assert (size.planted, size.effect, size.part) == (0.0, 0.0, 0.0)


def test_signs_count_and_so_does_the_order_of_pairs_clearly_apart():
    assert signs([1.0, -0.8], [0.2, -0.6]) == 1.0
    assert signs([1.0, -0.8], [0.2, 0.6]) == 0.5
    assert order([1.0, -0.8], [0.2, -0.6]) == 1.0
    assert order([1.0, -0.3], [0.2, -0.6]) == 0.0
    assert order([-0.3, 1.0, 0.6], [-0.2, 0.6, -0.1]) == pytest.approx(2 / 3)


def test_every_planted_driver_has_signals_meant_for_it():
    assert tuple(SIGNALS) == NAMES
    assert {name: driver_of(signal) for name, signal in SHOWN.items()} == {n: n for n in NAMES}
    assert driver_of("payment_failures_90d") is None
    assert driver_of("members_per_seat") is None


def test_what_was_planted_makes_the_chance_of_the_decision_that_falls_on_the_day():
    tenant = simulate(companies_count=600, months=24, seed=4, until=date(2026, 7, 1))
    day = day_of(date(2026, 2, 1))
    drivers = tenant.drivers(date_of(day))
    bases = np.array([RENEWAL.monthly, RENEWAL.annual, RENEWAL.biennial])
    compared = 0
    for chain in tenant.chains:
        contract = next((c for c in chain.contracts if c.decided_day == day), None)
        if contract is None or contract.start_day > day:
            continue
        values = drivers[tenant.companies.ids[chain.account]]
        health, education, friction, size, first, ends = values.tolist()
        traits = RENEWAL.education * education + RENEWAL.friction * friction + RENEWAL.size * size
        fixed = float(bases[tenant.companies.term[chain.account]]) + traits
        chance = lost_probability(
            fixed, np.array(health), first=bool(first), discount_ends=bool(ends)
        )
        assert float(chance) == pytest.approx(contract.lost_probability)
        compared += 1
    assert compared >= 5
