"""Events that wait for their account: they go on bite by bite, each once, and not without end."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from services.usage import jobs
from services.usage.actions import pending as pending_actions
from services.usage.domain import pending as pending_domain
from services.usage.domain.work_lists import RELEASE
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Conn, Database
from shared.process import work
from shared.process.work import Claim
from tests.examples import worker_context
from tests.services.usage.examples import an_account, event, named, send, statuses, summary
from tests.services.usage.processes import Served
from tests.services.usage.test_segment import deliver, group, track

WAITING = "SELECT count(*) FROM usage.pending_event WHERE tenant_id = $1"
COUNTED = "SELECT coalesce(sum(events), 0)::int FROM usage.pending_count WHERE tenant_id = $1"


@pytest.fixture
def small_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending_actions, "AT_ONCE", 3)
    monkeypatch.setattr(pending_actions, "BITE", 4)


def crm(name: str) -> dict[str, str]:
    return {"source": "crm", "id": name}


async def bite(db: Database, tenant: UUID) -> None:
    async with db.write(tenant) as conn:
        await pending_actions.release_more(conn)


async def drained(db: Database) -> int:
    return await jobs.WORKER.drain(worker_context(db), RELEASE)


async def events_of(db: Database, tenant: UUID, account: UUID) -> float | None:
    return (await summary(db, tenant, account)).events_28.value


@pytest.mark.usefixtures("small_bites")
async def test_what_waited_counts_a_few_events_at_once_and_the_rest_bite_by_bite(
    db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    rows = [event(externalId=crm("big")) for _ in range(21)]
    await send(db, principal, rows)

    account = await an_account(db, tenant, ("crm", "big"))

    assert await events_of(db, tenant, account) == 3
    await bite(db, tenant)
    assert await events_of(db, tenant, account) == 7
    assert await drained(db) == 4, "one claim for every bite"
    assert await events_of(db, tenant, account) == 21
    assert await owner.fetchval("SELECT count(*) FROM usage.due_address") == 0


@pytest.mark.usefixtures("small_bites")
async def test_a_small_backlog_does_not_wait_behind_a_large_one(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    await send(db, principal, [event(externalId=crm("a big one")) for _ in range(40)])
    await an_account(db, tenant, ("crm", "a big one"))
    await send(db, principal, [event(externalId=crm("small")) for _ in range(5)])
    small = await an_account(db, tenant, ("crm", "small"))

    await bite(db, tenant)

    assert await events_of(db, tenant, small) == 5


@pytest.mark.usefixtures("small_bites")
async def test_tenants_have_a_bite_each_in_turn(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    turns: list[UUID] = []

    async def bite_of(tenant_id: UUID, claims: Sequence[Claim]) -> None:
        turns.append(tenant_id)
        await jobs.release(worker_context(db), tenant_id, claims)

    for of, number in ((tenant, 23), (other_tenant, 11)):
        rows = [event(externalId=crm("big")) for _ in range(number)]
        await send(db, Principal(of, "app", SCOPES), rows)
        await an_account(db, of, ("crm", "big"))

    await work.drain(db, RELEASE, bite_of)

    assert sorted(turns[:4]) == sorted([tenant, other_tenant] * 2)
    assert turns[4:] == [tenant] * (len(turns) - 4)


@pytest.mark.usefixtures("small_bites")
async def test_an_event_sent_again_while_it_still_waits_counts_once_as_it_was_told_first(
    db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    rows = [event(externalId=crm("big"), quantity=1) for _ in range(9)]
    await send(db, principal, rows)
    account = await an_account(db, tenant, ("crm", "big"))

    again = [{**row, "quantity": 2} for row in rows]
    receipts = await send(db, principal, [*rows, *again, event(externalId=crm("big"))])

    assert sorted(statuses(receipts)) == sorted(
        ["duplicate"] * 3 + ["pending"] * 6 + ["conflict"] * 9 + ["accepted"]
    )
    await drained(db)
    assert await events_of(db, tenant, account) == 10
    assert await owner.fetchval("SELECT sum(quantity) FROM usage.daily") == 10


@pytest.mark.usefixtures("small_bites")
async def test_a_users_long_wait_ends_with_a_group_in_bites_too_under_whichever_name(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    await deliver(http, principal, *(track(None, anonymousId="v1") for _ in range(9)))
    await deliver(http, principal, *(track("ann") for _ in range(9)))
    await deliver(http, principal, {"type": "identify", "userId": "ann", "anonymousId": "v1"})

    await deliver(http, principal, group("ann", "g1"))
    await drained(db)
    assert await owner.fetchval(WAITING, tenant) == 18, "the group is no account yet"
    account = await an_account(db, tenant, ("segment", "g1"))
    await drained(db)

    assert await owner.fetchval(WAITING, tenant) == 0
    usage = await summary(db, tenant, account)
    assert (usage.events_28.value, usage.active_members_28.value) == (18, 1)


async def test_more_than_may_wait_is_turned_away_by_name_and_the_rest_is_kept(
    db: Database, tenant: UUID, other_tenant: UUID, principal: Principal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(pending_domain, "MAX_PENDING", 3)
    account = await an_account(db, tenant)
    first = [event(externalId=crm("a")), event(accountId=uuid4())]
    assert statuses(await send(db, principal, first)) == ["pending"] * 2

    rows = [event(externalId=crm("a")), event(account), event(externalId=crm("b")), *first]
    receipts = await send(db, principal, rows)

    assert statuses(receipts) == ["pending", "accepted", "rejected", "pending", "pending"]
    assert (receipts[2].field, receipts[2].value) == ("externalId", "'b'")
    assert "3 events wait" in (receipts[2].message or "")
    assert "send the accounts first" in (receipts[2].message or "")
    rival = Principal(other_tenant, "rival", SCOPES)
    assert statuses(await send(db, rival, [event(externalId=crm("b"))])) == ["pending"]
    await named(db, tenant, uuid4(), ("crm", "a"))
    assert statuses(await send(db, principal, [rows[2]])) == ["pending"]


@examples(max_examples=20)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 9)), max_size=12))
@pytest.mark.usefixtures("small_bites")
async def test_the_number_that_waits_is_counted_whatever_comes_and_goes(
    db: Database, owner: Conn, steps: list[tuple[bool, int, int]]
) -> None:
    tenant = uuid4()
    caller = Principal(tenant, "app", SCOPES)
    for is_account, name, number in steps:
        if is_account:
            await an_account(db, tenant, ("crm", f"{name}"))
        else:
            rows = [event(id=f"{name} {n}", externalId=crm(f"{name}")) for n in range(number)]
            await send(db, caller, rows)
        assert await owner.fetchval(COUNTED, tenant) == await owner.fetchval(WAITING, tenant)
