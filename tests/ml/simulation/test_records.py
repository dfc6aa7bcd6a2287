"""Records that begin mid-life: who was there is brought over, who had gone is absent."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ml.simulation.tenant import Tenant, simulate

UNTIL = date(2026, 7, 1)
BEGIN = date(2025, 1, 1)
MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
Rows = dict[str, list[Any]]


def tenant(unrecorded: int) -> Tenant:
    return simulate(
        companies_count=400, months=30, seed=6, until=UNTIL, unrecorded_months=unrecorded
    )


@pytest.fixture(scope="module")
def cut() -> Tenant:
    return tenant(12)


@pytest.fixture(scope="module")
def tables(cut: Tenant) -> Rows:
    return {batch.kind: list(batch.rows) for batch in cut.batches()}


@pytest.fixture(scope="module")
def whole() -> Rows:
    return {batch.kind: list(batch.rows) for batch in tenant(0).batches()}


def there_at_the_beginning(whole: Rows) -> set[UUID]:
    """Accounts under contract on the day the records begin."""
    end: dict[UUID, date] = {}
    newest = {row.id: row for row in whole["contracts"]}
    for row in newest.values():
        if row.start_on <= BEGIN and (row.ended_on or row.end_on) > BEGIN:
            end[row.account_id] = row.end_on
    return set(end)


def test_records_begin_on_their_day_and_nothing_happened_before(cut: Tenant, tables: Rows):
    assert cut.recorded_from == BEGIN
    for kind, rows in tables.items():
        assert all(row.recorded_at >= MIDNIGHT for row in rows if kind != "courses"), kind
    stamps = {"events": "occurred_at", "tickets": "opened_at", "payments": "attempted_at"}
    for kind, field in stamps.items():
        assert tables[kind]
        assert all(getattr(row, field) >= MIDNIGHT for row in tables[kind]), kind


def test_who_was_lost_before_is_absent_and_who_was_there_has_its_whole_past(
    tables: Rows, whole: Rows
):
    present = {row.id for row in tables["accounts"]}
    there = there_at_the_beginning(whole)
    newcomers = {row.account_id for row in whole["contracts"] if row.start_on > BEGIN}
    assert there <= present
    assert present <= there | newcomers
    absent = {row.id for row in whole["accounts"]} - present
    assert len(absent) > 15

    first = {row.account_id: row.start_on for row in reversed(tables["contracts"])}
    really = {row.account_id: row.start_on for row in reversed(whole["contracts"])}
    assert any(first[account] < BEGIN for account in there)
    assert all(first[account] == really[account] for account in there)
    assert all(first[account] > BEGIN for account in present - there)


def test_a_contract_of_before_comes_as_it_stood_on_that_day(tables: Rows, whole: Rows):
    stood = {row.id: row for row in whole["contracts"] if row.recorded_at < MIDNIGHT}
    brought = [row for row in tables["contracts"] if row.recorded_at == MIDNIGHT]
    assert len({row.id for row in brought}) == len(brought) > 100
    for row in brought:
        assert row == msgspec.structs.replace(stood[row.id], recorded_at=MIDNIGHT)


def test_what_was_over_is_not_brought_over(tables: Rows):
    for kind, field in (("members", "ended_at"), ("subscriptions", "ended_at")):
        old = [row for row in tables[kind] if row.recorded_at == MIDNIGHT]
        assert old
        assert all(getattr(row, field) is None for row in old), kind
    issued = [row for row in tables["invoices"] if row.recorded_at == MIDNIGHT]
    assert issued
    assert all(row.paid_at is None for row in issued)


def test_every_row_still_names_things_that_are_there(tables: Rows):
    accounts = {row.id for row in tables["accounts"]}
    for kind in tables.keys() - {"accounts", "courses", "features"}:
        assert {row.account_id for row in tables[kind]} <= accounts, kind
    members = {row.id for row in tables["members"]}
    for kind in ("events", "progress"):
        assert {row.member_id for row in tables[kind]} <= members, kind
    assert {row.invoice_id for row in tables["payments"]} <= {row.id for row in tables["invoices"]}


def test_what_happened_after_is_on_record_as_it_would_have_been_anyway(tables: Rows, whole: Rows):
    for kind, field in (("events", "occurred_at"), ("tickets", "opened_at")):
        later = [row for row in whole[kind] if getattr(row, field) >= MIDNIGHT]
        assert sorted(events_of(tables[kind], field)) == sorted(events_of(later, field)), kind


def events_of(rows: list[Any], field: str) -> list[tuple[Any, ...]]:
    return [(getattr(row, field), row.recorded_at, row.account_id.int) for row in rows]


def test_the_truth_is_that_of_the_same_tenant_with_all_its_past(cut: Tenant):
    day = date(2025, 9, 1)
    mine, all_of_it = cut.truth(day), tenant(0).truth(day)
    assert mine.keys() < all_of_it.keys()
    assert all(mine[key].churn_probability == all_of_it[key].churn_probability for key in mine)
