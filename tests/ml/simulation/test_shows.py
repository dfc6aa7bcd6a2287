"""Latent states show in what a vendor would record: in a summary of rows each, and never fully."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from math import log
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from ml.simulation.planted import Floats
from ml.simulation.tenant import Tenant, simulate

UNTIL = date(2026, 1, 15)
FEWEST = 3
"""Rows that an account must have of a kind for their mean to say something."""


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return simulate(companies_count=500, months=18, seed=6, until=UNTIL)


@pytest.fixture(scope="module")
def rows(tenant: Tenant) -> dict[str, list[Any]]:
    return {batch.kind: list(batch.rows) for batch in tenant.without_events()}


def explained(tenant: Tenant, trait: Floats, pairs: Iterable[tuple[UUID, float]]) -> float:
    """Share of a trait's variance that the mean of what is said of an account explains."""
    by_account: dict[UUID, list[float]] = defaultdict(list)
    for account, value in pairs:
        by_account[account].append(value)
    place = {account: i for i, account in enumerate(tenant.companies.ids)}
    means = {place[a]: np.mean(values) for a, values in by_account.items() if len(values) >= FEWEST}
    assert len(means) > 150
    return float(np.corrcoef(trait[list(means)], list(means.values()))[0, 1] ** 2)


def hours(of: Iterable[Any]) -> list[tuple[UUID, float]]:
    waits = [(t.account_id, t.first_reply_at - t.opened_at) for t in of if t.first_reply_at]
    return [(account, log(wait.total_seconds())) for account, wait in waits]


def test_friction_shows_in_waiting_for_replies(tenant: Tenant, rows: dict[str, list[Any]]) -> None:
    assert 0.7 < explained(tenant, tenant.companies.friction, hours(rows["tickets"])) < 0.99


def test_education_shows_in_scores(tenant: Tenant, rows: dict[str, list[Any]]) -> None:
    scores = [(p.account_id, p.score) for p in rows["progress"] if p.kind == "assessed"]
    assert 0.7 < explained(tenant, tenant.companies.education, scores) < 0.99


def test_onboarding_shows_in_how_soon_people_join(tenant: Tenant) -> None:
    companies, chains = tenant.companies, tenant.chains
    delays = [
        (companies.ids[person.account], log(person.start - chains[person.chain].start_day))
        for person in tenant.people
        if person.start < chains[person.chain].start_day + 120
    ]
    assert 0.6 < explained(tenant, companies.onboarding, delays) < 0.99


def test_health_shows_in_how_much_members_do_at_a_time(tenant: Tenant) -> None:
    use, companies, clock = tenant.use(), tenant.companies, tenant.clock
    late = use.take(use.occurred > clock.until - 28)
    account = [tenant.people[person].account for person in late.person.tolist()]
    amounts = zip((companies.ids[a] for a in account), np.log(late.quantity).tolist(), strict=True)
    week = int(clock.week(clock.until - 14))
    assert 0.7 < explained(tenant, companies.health[:, week], amounts) < 0.99
