"""The simulated tenant: the same for the same seed, true to itself, and never ahead of its time."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ml.frames.landmarks import GRACE_DAYS
from ml.simulation import catalogue
from ml.simulation.clock import add_months, moment
from ml.simulation.tenant import Tenant, simulate

UNTIL = date(2026, 7, 1)
Rows = dict[str, list[Any]]


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return simulate(companies_count=250, months=24, seed=3, until=UNTIL)


@pytest.fixture(scope="module")
def tables(tenant: Tenant) -> Rows:
    return {batch.kind: list(batch.rows) for batch in tenant.batches()}


def newest(rows: Iterable[Any]) -> dict[UUID, Any]:
    """The last version of each thing."""
    return {row.id: row for row in sorted(rows, key=lambda row: row.recorded_at)}


def ends(tables: Rows) -> dict[UUID, date]:
    """The last day of accounts whose contract was lost."""
    contracts = newest(tables["contracts"]).values()
    return {row.account_id: row.ended_on for row in contracts if row.outcome == "lost"}


def spells(tables: Rows) -> dict[UUID, list[list[Any]]]:
    """Newest contracts of each account, in order, by stretches without a gap."""
    by_account: dict[UUID, list[list[Any]]] = defaultdict(list)
    for row in sorted(newest(tables["contracts"]).values(), key=lambda row: row.start_on):
        earlier = by_account[row.account_id]
        if earlier and earlier[-1][-1].outcome != "lost":
            earlier[-1].append(row)
        else:
            earlier.append([row])
    return by_account


def digest(seed: int) -> str:
    hashed = sha256()
    for batch in simulate(companies_count=30, months=12, seed=seed, until=UNTIL).batches():
        hashed.update(msgspec.json.encode(list(batch.rows)))
    return hashed.hexdigest()


def test_the_same_seed_makes_the_same_rows_and_another_one_others():
    assert digest(1) == digest(1) != digest(2)


def test_a_batch_has_as_many_rows_as_it_says(tenant: Tenant, tables: Rows):
    assert {batch.kind: batch.total for batch in tenant.batches()} == {
        kind: len(of_kind) for kind, of_kind in tables.items()
    }


def test_nothing_is_known_on_or_after_the_last_day(tables: Rows):
    last = moment((UNTIL - date(1970, 1, 1)).days)
    for kind, of_kind in tables.items():
        assert all(row.recorded_at < last for row in of_kind if kind != "courses"), kind


def test_nothing_that_happened_was_recorded_before_it_happened(tables: Rows):
    stamps = {"events": "occurred_at", "tickets": "opened_at", "payments": "attempted_at"}
    for kind, field in stamps.items():
        assert all(getattr(row, field) <= row.recorded_at for row in tables[kind]), kind
    assert all(row.paid_at is None or row.paid_at <= row.recorded_at for row in tables["invoices"])
    assert all(row.ended_at is None or row.ended_at <= row.recorded_at for row in tables["members"])


def test_every_row_names_things_that_are_there(tables: Rows):
    accounts = {row.id for row in tables["accounts"]}
    for kind in tables.keys() - {"accounts", "courses", "features"}:
        assert {row.account_id for row in tables[kind]} <= accounts, kind
    belongs = {row.id: row.account_id for row in tables["members"]}
    for kind in ("events", "progress"):
        assert all(belongs[row.member_id] == row.account_id for row in tables[kind]), kind
    assert {row.invoice_id for row in tables["payments"]} <= {row.id for row in tables["invoices"]}
    assert {row.feature for row in tables["events"]} == {
        feature.name for feature in catalogue.FEATURES
    }


def test_an_id_stands_for_one_thing(tables: Rows):
    single = ("accounts", "events", "payments", "progress", "courses")
    for kind in single:
        assert len({row.id for row in tables[kind]}) == len(tables[kind]), kind
    for kind in ("contracts", "members", "tickets", "subscriptions", "invoices"):
        assert len({(row.id, row.recorded_at) for row in tables[kind]}) == len(tables[kind]), kind


def test_an_outcome_is_only_known_at_the_end(tables: Rows):
    for row in tables["contracts"]:
        if row.outcome == "lost":
            assert row.recorded_at.date() >= row.ended_on
        elif row.outcome != "pending":
            assert row.recorded_at.date() >= row.end_on - timedelta(days=15)


def test_the_product_is_used_and_asked_about_under_contract_only(tables: Rows):
    covered = {
        account: [(spell[0].start_on, spell[-1].ended_on or UNTIL) for spell in of_account]
        for account, of_account in spells(tables).items()
    }
    assert any(end < UNTIL for spell in covered.values() for _, end in spell)
    for kind, field in (("events", "occurred_at"), ("tickets", "opened_at")):
        for row in tables[kind]:
            on = getattr(row, field).date()
            assert any(start <= on < end for start, end in covered[row.account_id]), kind


def test_nobody_uses_the_product_before_joining_or_after_leaving(tables: Rows):
    members = newest(tables["members"])
    for row in tables["events"]:
        member = members[row.member_id]
        assert member.started_at <= row.occurred_at
        assert member.ended_at is None or row.occurred_at < member.ended_at


def test_contracts_follow_one_another_without_a_gap_until_one_is_lost(tables: Rows):
    for of_account in spells(tables).values():
        for spell in of_account:
            for old, new in itertools.pairwise(spell):
                assert old.end_on == new.start_on
                assert old.outcome in ("renewed", "expanded", "contracted")


def test_some_come_back_after_more_than_the_gap_that_joins_spells_with_people_of_their_own(
    tables: Rows,
):
    returned = {
        account: of_account for account, of_account in spells(tables).items() if len(of_account) > 1
    }
    lost = len(ends(tables))
    assert 0.03 * lost < len(returned) < 0.3 * lost
    members = newest(tables["members"]).values()
    for account, of_account in returned.items():
        for before, after in itertools.pairwise(of_account):
            assert (after[0].start_on - before[-1].ended_on).days > GRACE_DAYS
            assert after[0].seats == before[-1].seats
            there = [m for m in members if m.account_id == account]
            gap = [m for m in there if m.started_at.date() < before[-1].ended_on]
            assert gap
            assert all(m.ended_at.date() <= before[-1].ended_on for m in gap)


def test_open_contracts_have_their_renewal_ahead(tables: Rows):
    pending = [row for row in newest(tables["contracts"]).values() if row.outcome == "pending"]
    ahead = sum(row.end_on > UNTIL for row in pending)
    assert ahead >= 100
    assert len(pending) - ahead <= 5  # an end of yesterday that nobody has told yet


def test_subscriptions_bill_what_the_contract_says(tables: Rows):
    months = {"month": 1, "quarter": 3, "year": 12}
    promised = {(row.account_id, row.start_on): row.mrr_cents for row in tables["contracts"]}
    for row in tables["subscriptions"]:
        monthly = row.quantity * row.unit_price_cents * (1 - row.discount_share)
        on = row.started_at.date()
        assert round(monthly / months[row.interval]) == promised[row.account_id, on]


def test_prerequisites_come_first(tables: Rows):
    needs = {row.code: row.prerequisites for row in tables["courses"]}
    done: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for row in tables["progress"]:
        if row.kind == "completed":
            done[row.member_id][row.course_code] = row.occurred_at
    for row in tables["progress"]:
        if row.kind == "enrolled":
            for code in needs[row.course_code]:
                assert done[row.member_id][code] < row.occurred_at


def test_a_minority_of_charges_fails_and_few_end_a_contract(tables: Rows):
    first = {row.invoice_id: row.succeeded for row in reversed(tables["payments"])}
    failed = sum(not succeeded for succeeded in first.values()) / len(first)
    assert 0.01 < failed < 0.08
    lost = [row for row in tables["contracts"] if row.outcome == "lost"]
    unpaid = [row for row in lost if row.ended_on < row.end_on]
    assert 0 < len(unpaid) < 0.3 * len(lost)


def test_a_month_later_is_the_same_day_or_the_last():
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 12, 15), 1) == date(2025, 1, 15)
    assert add_months(date(2024, 1, 15), -1) == date(2023, 12, 15)
    assert add_months(date(2024, 3, 31), -13) == date(2023, 2, 28)


def test_too_small_a_tenant_is_refused():
    with pytest.raises(ValueError, match="three months"):
        simulate(companies_count=10, months=2, until=UNTIL)
    with pytest.raises(ValueError, match="off the record"):
        simulate(companies_count=10, months=12, unrecorded_months=12, until=UNTIL)
