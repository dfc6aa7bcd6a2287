"""The planted hazards are in the rows, and the truth that is told is the one that made them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.simulation.clock import date_of
from ml.simulation.contracts import Signed, discount_ends, is_first
from ml.simulation.planted import RENEWAL
from ml.simulation.tenant import Tenant, simulate

UNTIL = date(2026, 7, 1)
Floats = NDArray[np.float64]


class Fit(NamedTuple):
    beta: Floats
    error: Floats


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return simulate(companies_count=2_500, months=36, seed=5, until=UNTIL)


def decided(tenant: Tenant, term: int) -> list[Signed]:
    """Decisions on contracts of a term that came to be before the last day."""
    return [
        contract
        for chain in tenant.chains
        for contract in chain.contracts
        if tenant.companies.term[contract.account] == term
        and contract.stopped_day is None
        and contract.end_day <= tenant.clock.until
    ]


def logistic(x: Floats, y: Floats) -> Fit:
    """Maximum likelihood by Newton's method, with standard errors."""
    beta, information = np.zeros(x.shape[1]), np.eye(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (p * (1 - p))[:, None]).T @ x
        beta = beta + np.asarray(np.linalg.solve(information, x.T @ (y - p)), dtype=np.float64)
    return Fit(beta, np.sqrt(np.diag(np.linalg.inv(information))))


def auc(score: Floats, event: NDArray[np.bool_]) -> float:
    """Chance that an event scores higher than a non-event; ties count half."""
    higher = score[event][:, None] - score[~event][None, :]
    return float((higher > 0).mean() + 0.5 * (higher == 0).mean())


def drivers(tenant: Tenant, contracts: list[Signed]) -> Floats:
    companies = tenant.companies
    account = np.array([contract.account for contract in contracts])
    week = tenant.clock.week(np.array([contract.decided_day for contract in contracts]))
    first = [is_first(int(companies.term[c.account]), c.number) for c in contracts]
    ends = [
        c.discount > 0 and discount_ends(int(companies.term[c.account]), c.number)
        for c in contracts
    ]
    return np.column_stack(
        [
            np.ones(len(contracts)),
            companies.health[account, week],
            companies.education[account],
            companies.friction[account],
            np.log(companies.seats[account] / 8.0) / 0.8,
            np.array(first, dtype=float),
            np.array(ends, dtype=float),
        ]
    )


@pytest.mark.parametrize(("term", "base"), [(0, RENEWAL.monthly), (1, RENEWAL.annual)])
def test_decisions_give_back_the_planted_effects(tenant: Tenant, term: int, base: float):
    contracts = decided(tenant, term)
    r = RENEWAL
    planted = [base, r.health, r.education, r.friction, r.size, r.first, r.discount_ends]

    fit = logistic(drivers(tenant, contracts), np.array([float(c.lost) for c in contracts]))

    assert np.all(np.abs(fit.beta - planted) < 4 * fit.error)
    assert np.all(np.sign(fit.beta[:4]) == np.sign(planted[:4]))


def test_annual_churn_is_that_of_the_trade(tenant: Tenant):
    assert 0.15 < np.mean([c.lost for c in decided(tenant, 1)]) < 0.22
    assert 0.02 < np.mean([c.lost for c in decided(tenant, 0)]) < 0.06


@pytest.fixture(scope="module")
def small() -> Tenant:
    return simulate(companies_count=700, months=24, seed=9, until=UNTIL)


@pytest.fixture(scope="module")
def events(small: Tenant) -> dict[UUID, Floats]:
    """Days of use by account, as the rows tell."""
    batch = next(batch for batch in small.batches() if batch.kind == "events")
    days: dict[UUID, list[float]] = {}
    rows: list[Any] = list(batch.rows)
    for row in rows:
        days.setdefault(row.account_id, []).append(row.occurred_at.timestamp() / 86_400)
    return {account: np.array(times) for account, times in days.items()}


def uses(events: dict[UUID, Floats], account: UUID, since: float, until: float) -> int:
    days = events.get(account, np.array([]))
    return int(((days >= since) & (days < until)).sum())


def test_use_per_seat_before_the_decision_tells_who_leaves(
    small: Tenant, events: dict[UUID, Floats]
):
    contracts = [*decided(small, 1), *decided(small, 0)]
    ids = small.companies.ids
    use = [
        uses(events, ids[c.account], c.decided_day - 28, c.decided_day) / c.seats for c in contracts
    ]
    lost = np.array([c.lost for c in contracts])

    assert auc(-np.array(use), lost) > 0.6


def test_use_collapses_once_the_decision_to_leave_has_fallen(
    small: Tenant, events: dict[UUID, Floats]
):
    ids = small.companies.ids
    before: Counter[bool] = Counter()
    after: Counter[bool] = Counter()
    for c in decided(small, 1):
        before[c.lost] += uses(events, ids[c.account], c.decided_day - 28, c.decided_day)
        after[c.lost] += uses(events, ids[c.account], c.decided_day + 28, c.decided_day + 56)

    assert after[True] < 0.4 * before[True]
    assert after[False] > 0.8 * before[False]


def test_as_many_leave_in_a_year_as_the_truth_says(tenant: Tenant):
    day = tenant.clock.until - 365
    truth = tenant.truth(date_of(day))
    open_then = [each for each in truth.values() if each.churn_probability and not each.decided]
    ended = {
        tenant.companies.ids[chain.account]: chain.end_day
        for chain in tenant.chains
        if chain.start_day <= day < chain.end_day
    }
    for horizon in (90, 365):
        chances = np.array([(each.churn_probability or {})[horizon] for each in open_then])
        losses = sum(ended[each.account_id] <= day + horizon for each in open_then)
        spread = np.sqrt((chances * (1 - chances)).sum())
        assert abs(losses - chances.sum()) < 3 * spread

    chances = np.array([(each.churn_probability or {})[365] for each in open_then])
    left = np.array([ended[each.account_id] <= day + 365 for each in open_then])
    assert auc(chances, left) > 0.7


def test_the_chance_of_a_returned_account_is_that_of_its_present_spell(tenant: Tenant):
    day = tenant.clock.until - 200
    now = {chain.account: chain for chain in tenant.chains if chain.spell}
    there = [chain for chain in now.values() if chain.start_day <= day < chain.end_day]
    coming = tenant.coming(date_of(day), [185])
    assert len(there) >= 20
    chances = np.array([coming[tenant.companies.ids[chain.account]].churn[0] for chain in there])
    losses = sum(chain.end_day <= day + 185 for chain in there)
    assert abs(losses - chances.sum()) < 3.5 * np.sqrt((chances * (1 - chances)).sum())
    away = [truth for truth in tenant.truth(date_of(day)).values() if truth.ended_on]
    first = {tenant.companies.ids[c.account]: c.end_day for c in tenant.chains if not c.spell}
    assert all(truth.renewal_on is None for truth in away)
    assert {first[truth.account_id] for truth in away} - {np.inf}


def test_causes_and_renewal_add_up_to_one(small: Tenant):
    renewals = [truth for truth in small.truth().values() if truth.renewal_on]
    assert renewals
    for truth in renewals:
        parts = (
            truth.renewal_probability,
            truth.voluntary_probability,
            truth.involuntary_probability,
        )
        assert all(part is not None and 0 <= part <= 1 for part in parts)
        assert sum(part or 0.0 for part in parts) == pytest.approx(1, abs=3e-6)


def test_chances_of_having_left_grow_with_the_horizon(small: Tenant):
    for truth in small.truth().values():
        if truth.churn_probability and truth.monthly_hazard:
            chances = list(truth.churn_probability.values())
            assert chances == sorted(chances)
            survival = np.prod(1 - np.array(truth.monthly_hazard))
            assert 1 - survival == pytest.approx(chances[-1], abs=1e-4)


def test_an_earlier_day_knows_nothing_of_later_decisions(small: Tenant):
    day = UNTIL - timedelta(days=200)
    for truth in small.truth(day).values():
        assert all(decision.decided_on <= day for decision in truth.decisions)
        assert truth.ended_on is None or truth.ended_on <= day


def test_a_day_without_a_latent_state_is_refused(small: Tenant):
    with pytest.raises(ValueError, match="outside"):
        small.truth(datetime(2020, 1, 1, tzinfo=UTC).date())
