"""Contracts: when they are renewed, which one is open, and where an account stands with them."""

import calendar
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.actions.contracts import CONTRACTS
from services.accounts.domain.contracts import LifecycleStage, stage_of
from services.accounts.store import contracts
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.services.accounts.examples import a_contract, an_account, send, statuses

RENEWAL = "SELECT accounts.renewal_on($1, $2, $3, $4, $5, $6, $7)"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(text: str) -> date | None:
    return None if text == "-" else date.fromisoformat(text)


def plus_months(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


GOLDEN = """
day         start_on    end_on      term  auto_renew  ended_on    outcome  renewal_on
2024-06-01  2024-01-01  2025-01-01  12    false       -           pending  2025-01-01
2025-01-01  2024-01-01  2025-01-01  12    false       -           pending  -
2025-01-01  2024-01-01  2025-01-01  12    true        -           pending  2026-01-01
2025-01-01  2024-01-01  2025-01-01  12    true        -           renewed  -
2024-06-01  2024-01-01  -           12    false       -           pending  -
2024-06-01  2024-01-01  -           12    true        -           pending  2025-01-01
2025-01-01  2024-01-01  -           12    true        -           pending  2026-01-01
2023-12-01  2024-01-01  -           12    true        -           pending  2025-01-01
2024-02-28  2024-01-31  -           1     true        -           pending  2024-02-29
2024-02-29  2024-01-31  -           1     true        -           pending  2024-03-31
2024-04-29  2024-01-31  -           1     true        -           pending  2024-04-30
2025-02-27  2024-02-29  -           12    true        -           pending  2025-02-28
2025-02-28  2024-02-29  -           12    true        -           pending  2026-02-28
2024-06-01  2024-01-01  2025-01-01  12    true        2024-06-01  lost     -
2024-05-31  2024-01-01  2025-01-01  12    true        2024-06-01  lost     2025-01-01
"""


async def test_the_day_of_renewal(owner: Conn):
    for line in GOLDEN.strip().splitlines()[1:]:
        day, start_on, end_on, term, auto_renew, ended_on, outcome, renewal_on = line.split()
        renewal = await owner.fetchval(
            RENEWAL,
            on(day),
            on(start_on),
            on(end_on),
            int(term),
            auto_renew == "true",
            on(ended_on),
            outcome,
        )
        assert renewal == on(renewal_on), line


@settings(max_examples=200)
@given(
    start=st.dates(date(2000, 1, 1), date(2040, 12, 31)),
    term=st.integers(1, 120),
    terms_later=st.integers(-1, 20),
    days_beside=st.integers(-3, 3),
)
async def test_an_evergreen_renews_on_the_first_anniversary_to_come(
    owner: Conn, start: date, term: int, terms_later: int, days_beside: int
):
    day = plus_months(start, term * terms_later) + timedelta(days=days_beside)
    renewal = await owner.fetchval(RENEWAL, day, start, None, term, True, None, "pending")
    terms = (
        plus_months(start, term * k) for k in range(1, 1_000) if plus_months(start, term * k) > day
    )
    assert renewal == next(terms)


async def test_the_open_contract_is_the_latest_begun_that_runs(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    recorded = {"recordedAt": "2023-12-01T00:00:00Z"}
    old = await a_contract(db, principal, account_id, endOn="2025-01-01", **recorded)
    new = await a_contract(
        db, principal, account_id, startOn="2025-01-01", autoRenew=True, **recorded
    )
    await a_contract(
        db,
        principal,
        account_id,
        id=str(new),
        startOn="2025-01-01",
        autoRenew=True,
        endedOn="2025-08-01",
        outcome="lost",
        recordedAt="2025-07-01T00:00:00Z",
    )

    async def open_at(moment: str):
        async with db.read(principal.tenant_id) as conn:
            by_account = await contracts.open_contracts(conn, [account_id], at(moment))
        return by_account[account_id].id if by_account else None

    assert await open_at("2023-12-31") is None
    assert await open_at("2024-12-31T23:59:59") == old
    assert await open_at("2025-01-01") == new
    assert await open_at("2025-07-31") == new
    assert await open_at("2025-08-01") is None


async def test_an_undecided_contract_keeps_its_account_for_thirty_days(
    db: Database, principal: Principal
):
    account_id = await an_account(db, principal)
    terms = {"endOn": "2025-01-01", "recordedAt": "2023-12-01T00:00:00Z"}
    await a_contract(db, principal, account_id, **terms)

    async with db.read(principal.tenant_id) as conn:
        contracts_then = await contracts.open_contracts(conn, [account_id], at("2025-01-30"))
        lapsed = await contracts.open_contracts(conn, [account_id], at("2025-01-31"))
    assert contracts_then[account_id].renewal_on is None
    assert lapsed == {}


async def test_an_account_passes_through_its_stages(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    terms = {"outcome": "lost", "recordedAt": "2023-12-01T00:00:00Z"}
    await a_contract(db, principal, account_id, endOn="2025-01-01", **terms)

    async with db.read(principal.tenant_id) as conn:
        for moment, stage in [
            ("2023-11-15", LifecycleStage.ONBOARDING),
            ("2023-12-15", LifecycleStage.ONBOARDING),
            ("2024-03-30", LifecycleStage.ONBOARDING),
            ("2024-03-31", LifecycleStage.ADOPTION),
            ("2024-10-02", LifecycleStage.ADOPTION),
            ("2024-10-03", LifecycleStage.RENEWAL_WINDOW),
            ("2024-12-31", LifecycleStage.RENEWAL_WINDOW),
            ("2025-01-01", LifecycleStage.CHURNED),
        ]:
            standings = await contracts.standings(conn, [account_id], at(moment))
            assert stage_of(standings.get(account_id)) is stage, moment


async def test_contracts_come_page_by_page_latest_first(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    other_id = await an_account(db, principal)
    await a_contract(db, principal, other_id)
    contract_ids = [
        await a_contract(db, principal, account_id, startOn=f"20{year}-01-01")
        for year in (21, 22, 23)
    ]
    async with db.read(principal.tenant_id) as conn:
        pages = await contracts.contract_pages(conn, [account_id, other_id], 2)
        rest = await contracts.contract_pages(conn, [account_id], 2, pages[account_id].cursors[-1])

    assert [contract.id for contract in pages[account_id].items] == [
        contract_ids[2],
        contract_ids[1],
    ]
    assert pages[account_id].has_next
    assert not pages[other_id].has_next
    assert [contract.id for contract in rest[account_id].items] == [contract_ids[0]]


async def test_accounts_under_contract_today(db: Database, principal: Principal):
    running, ended, none = [await an_account(db, principal) for _ in range(3)]
    await a_contract(db, principal, running, autoRenew=True)
    await a_contract(db, principal, ended, endOn="2025-01-01", outcome="lost")
    async with db.read(principal.tenant_id) as conn:
        assert set(await contracts.open_contracts(conn, [running, ended, none])) == {running}


BAD = [
    ({"accountId": "nonsense"}, "accountId"),
    ({"accountId": "00000000-0000-0000-0000-000000000000"}, "accountId"),
    ({"termMonths": 0}, "termMonths"),
    ({"termMonths": 121}, "termMonths"),
    ({"endOn": "2024-01-01"}, "endOn"),
    ({"endedOn": "2023-12-31"}, "endedOn"),
    ({"startOn": "9999-12-31"}, "startOn"),
    ({"mrrCents": 100}, "currency"),
    ({"mrrCents": 100, "currency": "euro"}, "currency"),
    ({"outcome": "lost"}, "endedOn"),
    ({"outcome": "won"}, "outcome"),
    ({"autoRenew": "yes"}, "autoRenew"),
]


async def test_a_bad_contract_is_refused_by_name(db: Database, principal: Principal):
    account_id = str(await an_account(db, principal))
    row = {"accountId": account_id, "startOn": "2024-01-01", "termMonths": 12, "autoRenew": False}
    *bad, good = await send(db, principal, CONTRACTS, *(row | change for change, _ in BAD), row)

    assert [(receipt.status, receipt.field) for receipt in bad] == [
        ("rejected", field) for _, field in BAD
    ]
    assert good.status == "accepted"


async def test_a_contract_cannot_move_to_another_account(db: Database, principal: Principal):
    first, second = await an_account(db, principal), await an_account(db, principal)
    contract_id = await a_contract(db, principal, first, externalId="C-1")
    row = {"startOn": "2024-01-01", "termMonths": 12, "autoRenew": False, "externalId": "C-1"}

    receipts = await send(
        db,
        principal,
        CONTRACTS,
        {**row, "accountId": str(first)},
        {**row, "accountId": str(second), "id": str(contract_id)},
        {**row, "accountId": str(second)},
    )
    assert statuses(receipts) == ["duplicate", "conflict", "accepted"]
