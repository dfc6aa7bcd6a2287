"""Events in: exact receipts, nothing lost, nothing doubled, whatever is sent and by how many."""

import asyncio
import contextlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage import jobs
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import reads as reads_store
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import InvalidInput
from tests.examples import worker_context
from tests.services.usage.examples import (
    an_account,
    event,
    marked,
    named,
    past,
    send,
    statuses,
    summary,
)

EXAMPLES = hypothesis.settings(max_examples=60)


def raw(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row)


def in_rotation(account: UUID, number: int) -> tuple[bytes, str, str | None]:
    """A row as bytes, the status it deserves, and the field that is to blame."""
    now = datetime.now(UTC)
    kinds: list[tuple[bytes, str, str | None]] = [
        (raw(event(account)), "accepted", None),
        (raw(event(account, id="twice", feature=f"f{number}")), "conflict", "id"),
        (raw(event(account, id="same", occurredAt="2026-01-02T03:04:05Z")), "duplicate", None),
        (raw(event(account, feature=7)), "rejected", "feature"),
        (raw(event(uuid4())), "pending", None),
        (raw(event(None, externalId={"source": "crm", "id": "nobody"})), "pending", None),
        (raw(event(account, occurredAt=now + timedelta(minutes=7))), "rejected", "occurredAt"),
        (raw(event(account, quantity=1)).replace(b":1}", b":NaN}"), "rejected", "row"),
        (raw(event(account, properties={"x": "y" * 40_000})), "rejected", "row"),
        (raw(event(account, feature="~")).replace(b"~", b"\xff\xfe"), "rejected", "row"),
        (raw(event(account, occurredAt="2020-02-02T02:02:02Z")), "late", None),
        (raw(event(account, occurredAt="2026-02-02T02:02:02")), "rejected", "occurredAt"),
        (raw(event(account, quantity=0)), "rejected", "quantity"),
        (raw(event(None, accountId="acme")), "rejected", "accountId"),
        (raw(event(None)), "rejected", "accountId"),
        (raw(event(account, id="x" * 201)), "rejected", "id"),
    ]  # fmt: skip
    return kinds[number % len(kinds)]


async def test_1000_mixed_rows_get_exact_receipts(db: Database, tenant: UUID, owner: Conn) -> None:
    account = await an_account(db, tenant)
    caller = Principal(tenant, "app", ("ingest",))
    same = event(account, id="same", occurredAt="2026-01-02T03:04:05Z")
    await send(db, caller, [event(account, id="twice"), same])
    mixed = [in_rotation(account, number) for number in range(1_000)]

    receipts = await send(db, caller, b"[" + b",".join(row for row, _, _ in mixed) + b"]")

    assert [receipt.row for receipt in receipts] == list(range(1_000))
    assert [(r.status, r.field) for r in receipts] == [line[1:] for line in mixed]
    events = await owner.fetchval("SELECT count(*) FROM usage.event")
    assert events == 2 + sum(status in ("accepted", "late") for _, status, _ in mixed)
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == events


async def test_an_id_twice_in_one_batch_counts_once(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    row = event(account)

    receipts = await send(db, principal, [row, row, {**row, "feature": "other"}])

    assert statuses(receipts) == ["accepted", "duplicate", "conflict"]
    assert (await summary(db, tenant, account)).events_28.value == 1


async def test_ids_are_unique_within_the_system_that_names_them(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    row = event(await an_account(db, tenant), id="1")

    receipts = await send(db, principal, [row, {**row, "source": "app"}, {**row, "source": "app"}])

    assert statuses(receipts) == ["accepted", "accepted", "duplicate"]


async def test_nothing_changes_when_the_json_is_written_differently(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    row = event(
        account,
        occurredAt="2026-05-01T12:00:00Z",
        properties={"a": 1, "b": "\N{SNOWMAN}"},
        recordedAt="2026-05-01T12:00:01Z",
    )
    again = {
        **row,
        "occurredAt": "2026-05-01T14:00:00+02:00",
        "properties": {"b": "\N{SNOWMAN}", "a": 1},
        "quantity": 1,
    }

    assert statuses(await send(db, principal, [row])) == ["accepted"]
    assert statuses(await send(db, principal, [again])) == ["duplicate"]


@pytest.mark.parametrize("addressed", ["by id", "by external id"])
async def test_events_sent_before_their_account_count_as_soon_as_it_is_known(
    db: Database, tenant: UUID, principal: Principal, owner: Conn, addressed: str
) -> None:
    account = uuid4()
    address = (
        {"accountId": account}
        if addressed == "by id"
        else {"externalId": {"source": "crm", "id": "7"}}
    )
    rows = [event(None, **address) for _ in range(3)]

    assert statuses(await send(db, principal, rows)) == ["pending"] * 3
    assert statuses(await send(db, principal, [*rows, {**rows[0], "feature": "x"}])) == [
        "pending", "pending", "pending", "conflict",
    ]  # fmt: skip
    assert (await summary(db, tenant, account)).events_28.value == 0

    await named(db, tenant, account, ("crm", "7"))

    assert (await summary(db, tenant, account)).events_28.value == 3
    assert await marked(db, tenant) == {account}
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 0
    assert statuses(await send(db, principal, rows)) == ["duplicate"] * 3
    await named(db, tenant, account, ("crm", "7"))
    assert (await summary(db, tenant, account)).events_28.value == 3


async def test_pending_events_can_be_listed_page_by_page(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    rows = [event(uuid4()) for _ in range(5)]
    await send(db, principal, rows)

    event_ids: list[str] = []
    after: str | None = None
    has_next = True
    while has_next:
        async with db.read(tenant) as conn:
            page = await reads_store.pending(conn, 2, after)
        event_ids += [waiting.event_id for waiting in page.items]
        after, has_next = page.cursors[-1], page.has_next

    assert sorted(event_ids) == sorted(row["id"] for row in rows)


async def test_what_waited_becomes_known_when_its_account_does_unless_it_is_history(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    account = uuid4()
    history = past(account, datetime(2026, 3, 1, 12, tzinfo=UTC))
    await send(db, principal, [event(account), history])
    before = datetime.now(UTC)
    await named(db, tenant, account)

    assert (await summary(db, tenant, account, before)).events_28.value == 0
    assert (await summary(db, tenant, account)).events_28.value == 1
    spring = datetime(2026, 3, 2, tzinfo=UTC)
    assert (await summary(db, tenant, account, spring)).events_28.value == 1


async def test_facts_and_events_racing_leave_nothing_behind(
    db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    accounts = [uuid4() for _ in range(30)]

    async def sends(account: UUID) -> None:
        await send(db, principal, [event(account) for _ in range(3)])

    await asyncio.gather(
        *(work for key in accounts for work in (sends(key), named(db, tenant, key)))
    )

    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 0
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == 90


async def test_four_clients_resending_overlapping_batches_never_deadlock(
    db: Database, tenant: UUID, principal: Principal, owner: Conn, settings: Settings
) -> None:
    accounts = [await an_account(db, tenant) for _ in range(5)]
    rows = [event(random.choice(accounts), memberId=f"m{n % 9}") for n in range(600)]  # noqa: S311

    async def client(seed: int) -> list[str]:
        got: list[str] = []
        for _ in range(4):
            got += statuses(await send(db, principal, random.Random(seed).sample(rows, 400)))  # noqa: S311
            seed += 4
        return got

    async def worker() -> None:
        while True:
            await jobs.WORKER.drain(worker_context(db), ANNOUNCE)
            await asyncio.sleep(0.01)

    drains = asyncio.create_task(worker())
    of_clients = await asyncio.gather(*(client(seed) for seed in range(4)))
    drains.cancel()
    got = [status for each in of_clients for status in each]

    assert set(got) == {"accepted", "duplicate"}
    counted = await owner.fetchval("SELECT sum(events) FROM usage.daily")
    assert (
        counted == got.count("accepted") == await owner.fetchval("SELECT count(*) FROM usage.event")
    )


async def test_tenants_do_not_see_or_disturb_one_another(
    db: Database, tenant: UUID, other_tenant: UUID, principal: Principal
) -> None:
    rival = Principal(other_tenant, "rival", ("ingest",))
    account = await an_account(db, tenant, ("crm", "7"))
    row = event(account)
    await send(db, principal, [row])

    receipts = await send(db, rival, [row, event(None, externalId={"source": "crm", "id": "7"})])

    assert statuses(receipts) == ["pending", "pending"]
    assert (await summary(db, other_tenant, account)).events_28.value == 0
    assert (await summary(db, tenant, account)).events_28.value == 1
    async with db.read(tenant) as conn:
        assert (await reads_store.pending(conn)).items == []


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\0\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "id", "accountId", "externalId", "memberId", "feature", "occurredAt", "quantity", "properties",
    "recordedAt", "source",
]  # fmt: skip


@EXAMPLES
@given(
    changes=st.lists(st.dictionaries(st.sampled_from(FIELDS), HOSTILE, max_size=3), max_size=6),
    noise=st.binary(max_size=20),
    at=st.floats(0, 1),
)
async def test_hostile_bodies_get_receipts_or_a_refusal(
    db: Database, changes: list[dict[str, Any]], noise: bytes, at: float
) -> None:
    caller = Principal(uuid4(), "app", ("ingest", "admin"))
    account = await an_account(db, caller.tenant_id)
    rows = [{**event(account), **change} for change in changes]
    body = _json(rows)
    cut = int(at * len(body))

    receipts = await send(db, caller, body)
    assert [receipt.row for receipt in receipts] == list(range(len(rows)))
    with contextlib.suppress(InvalidInput):
        await send(db, caller, body[:cut] + noise + body[cut:])


def _json(value: Any) -> bytes:
    import json  # noqa: PLC0415 - writes NaN, huge integers and lone surrogates, as hostile clients do

    return json.dumps(value, default=str).encode()


BLAMED = [
    ("properties", '{"deep":' + "[" * 900 + "]" * 900 + "}", None),
    ("properties", '{"deep":' + "[" * 9000 + "]" * 9000 + "}", "row"),
    ("properties", '{"n":' + "9" * 5_000 + "}", "properties"),
    ("properties", '{"\\u0000":1}', "properties"),
    ("properties", '{"a":"\\\\u0000"}', None),
    ("properties", '{"a":"\\ud800"}', "row"),
    ("properties", '{"a":1e400}', "properties"),
    ("properties", "[]", "properties"),
    ("quantity", "1e400", "quantity"),
    ("quantity", "9" * 400, "quantity"),
    ("quantity", "1000000001", "quantity"),
    ("occurredAt", '"0001-01-01T00:00:00+14:00"', "occurredAt"),
    ("occurredAt", '"9999-12-31T23:59:59-14:00"', "occurredAt"),
    ("recordedAt", '"0001-01-01T00:00:00+14:00"', "recordedAt"),
    ("feature", "[" * 700 + "]" * 700, "feature"),
    ("memberId", '""', "memberId"),
    ("externalId", '{"source":"crm","id":"1"}', "externalId"),
    ("externalId", '{"source":"crm"}', "externalId.id"),
    ("unheard", "1", "unheard"),
]


async def test_a_hostile_value_is_blamed_by_name(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    rows: list[bytes] = []
    for number, (name, value, _) in enumerate(BLAMED):
        row = {key: item for key, item in event(account, id=f"{number}").items() if key != name}
        rows.append(raw(row)[:-1] + f',"{name}":{value}}}'.encode())

    receipts = await send(db, principal, b"[" + b",".join(rows) + b"]")

    assert [(r.id, r.field) for r in receipts] == [
        (f"{number}", blamed) for number, (_, _, blamed) in enumerate(BLAMED)
    ]
    assert [r.status for r in receipts] == [
        "rejected" if blamed else "accepted" for _, _, blamed in BLAMED
    ]
