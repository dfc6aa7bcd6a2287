"""Limits of ingest: how late, how large, how swollen, how many at once, how broken."""

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import msgspec
import pytest

from services.usage import jobs
from services.usage.actions import ingest as ingest_actions
from services.usage.domain import rejections
from services.usage.domain.work_lists import FORGET
from services.usage.store import ingest as ingest_store
from services.usage.store import rejections as rejections_store
from shared.intake.body import OFF_LOOP_BYTES, BatchGate, TooLarge, inflate
from shared.platform import auth
from shared.platform.auth import NO_TENANT, Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.platform.gates import Busy, Limit
from shared.platform.limits import BATCHES
from shared.vocabulary.errors import InvalidInput, OverShare
from tests.examples import worker_context
from tests.services.usage.examples import an_account, event, past, send, statuses
from tests.services.usage.processes import Served, a_key


async def decided(db: Database, caller: Principal, *, rejects: bool, after_days: int) -> None:
    async with db.write(caller.tenant_id) as conn:
        await ingest_actions.set_late_policy(conn, rejects, after_days, caller)


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


# How late


async def test_each_tenant_says_from_when_an_event_is_late_and_what_becomes_of_it(
    db: Database, tenant: UUID, other_tenant: UUID, principal: Principal
) -> None:
    rival = Principal(other_tenant, "rival", ("ingest", "admin"))
    account, theirs = await an_account(db, tenant), await an_account(db, other_tenant)
    days = (31.0, 29.0, 8.0, 6.0)

    def rows(of: UUID) -> list[dict[str, object]]:
        return [event(of, occurredAt=ago(each)) for each in days]

    assert statuses(await send(db, principal, rows(account))) == ["late", *["accepted"] * 3]
    await decided(db, principal, rejects=False, after_days=7)
    assert statuses(await send(db, principal, rows(account))) == ["late"] * 3 + ["accepted"]
    await decided(db, principal, rejects=True, after_days=7)
    receipts = await send(db, principal, rows(account))
    assert statuses(receipts) == ["rejected"] * 3 + ["accepted"]
    assert receipts[0].field == "occurredAt"
    assert "7 days" in (receipts[0].message or "")
    assert statuses(await send(db, rival, rows(theirs))) == ["late", *["accepted"] * 3]


async def test_an_event_taken_in_time_stays_taken_and_history_is_not_late(
    db: Database, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    row = event(account, occurredAt=ago(20))
    await send(db, principal, [row])
    await decided(db, principal, rejects=True, after_days=7)

    receipts = await send(db, principal, [row, past(account, ago(400)), event(uuid4())])

    assert statuses(receipts) == ["duplicate", "accepted", "pending"]


async def test_a_late_policy_has_versions(db: Database, tenant: UUID, principal: Principal) -> None:
    before = datetime.now(UTC)
    await decided(db, principal, rejects=True, after_days=3)
    between = datetime.now(UTC)
    await decided(db, principal, rejects=False, after_days=9)

    async with db.read(tenant) as conn:
        policies = [await ingest_store.late_policy(conn, at) for at in (before, between, None)]
    assert [(each.rejects, each.after_days) for each in policies] == [
        (False, 30),
        (True, 3),
        (False, 9),
    ]
    with pytest.raises(InvalidInput):
        await decided(db, principal, rejects=True, after_days=-1)


# What was turned away


async def test_rejected_rows_are_listed_newest_first_once_however_often_they_are_sent(
    db: Database, tenant: UUID, other_tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    bad = [event(account, id=f"e{n}", quantity=-n) for n in range(1, 6)]
    hostile = b'[{"id":"\\u0000x","\\u0000":1},{"id":"caf\xe9"},7]'
    await send(db, principal, bad)
    await send(db, principal, [*bad, event(account)])
    await send(db, principal, hostile)

    rejects, after, more = [], None, True
    while more:
        async with db.read(tenant) as conn:
            page = await rejections_store.rejections(conn, 3, after)
        rejects += page.items
        after, more = page.cursors[-1], page.has_next

    assert len(rejects) == 8
    assert {each.event_id: (each.field, each.value, each.times) for each in rejects[3:]} == {
        f"e{n}": ("quantity", str(-n), 2) for n in range(1, 6)
    }
    assert all(each.reason for each in rejects)
    async with db.read(other_tenant) as conn:
        assert (await rejections_store.rejections(conn)).items == []


async def test_rejected_rows_are_forgotten_after_30_days_and_beyond_a_number(
    db: Database, tenant: UUID, principal: Principal, owner: Conn, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await send(db, principal, [event(None, id=f"e{n}") for n in range(10)])
    await owner.execute(
        "UPDATE usage.rejected_event SET received_at = received_at - interval '31 days'"
        " WHERE event_id IN ('e1', 'e2')"
    )
    async with db.read(tenant) as conn:
        assert len((await rejections_store.rejections(conn)).items) == 8
    monkeypatch.setitem(rejections_store.forget_rejections.__globals__, "MAX_KEPT", 5)
    await owner.execute("UPDATE usage.work SET next_at = now() WHERE list = 'forget'")

    await jobs.WORKER.drain(worker_context(db), FORGET)

    assert await owner.fetchval("SELECT count(*) FROM usage.rejected_event") == 5
    due = await owner.fetchval("SELECT next_at - now() FROM usage.work WHERE list = 'forget'")
    assert timedelta(minutes=50) < due <= timedelta(hours=1)
    assert timedelta(days=30) == rejections.KEEP_FOR


async def test_the_graph_lists_rejected_events_and_sets_the_policy(
    http: Served, db: Database, settings: Settings, tenant: UUID, principal: Principal
) -> None:
    await send(db, principal, [event(None, id="lost", feature=7)])
    key = await a_key(settings, tenant, "read", "admin")
    query = """mutation { usageLatePolicySet(rejects: true, afterDays: 5) {
      usageLatePolicy { rejects afterDays recordedAt } userErrors { field } } }"""

    async def ask(text: str) -> dict[str, dict[str, object]]:
        async with http.session.post(
            f"{http.gateway}/graphql",
            json={"query": text},
            headers={"authorization": f"Bearer {key}"},
        ) as response:
            answer = await response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    changed = (await ask(query))["usageLatePolicySet"]
    assert changed["userErrors"] == []
    data = await ask("{ usageLatePolicy { rejects afterDays } rejectedEvents { nodes {"
                      " id field value reason receivedAt times } } }")  # fmt: skip
    assert data["usageLatePolicy"] == {"rejects": True, "afterDays": 5}
    (node,) = data["rejectedEvents"]["nodes"]  # type: ignore[misc]
    assert (node["id"], node["field"], node["value"], node["times"]) == ("lost", "feature", "7", 1)


# How large, how swollen


async def test_packed_batches_count_as_plain_ones_do_at_both_doors(
    http: Served, db: Database, settings: Settings, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    rows = [event(account, occurredAt=ago(1).isoformat(), accountId=str(account)) for _ in range(9)]
    status, answer, _ = await http.post("events", rows, principal, packed=True)
    assert status == 202
    assert {each["status"] for each in answer["receipts"]} == {"accepted"}

    key = await a_key(settings, tenant, "ingest")
    packed = gzip.compress(msgspec.json.encode(rows))
    headers = {"authorization": f"Bearer {key}", "content-encoding": "gzip"}
    async with http.session.post(
        f"{http.gateway}/v1/events", data=packed, headers=headers
    ) as response:
        again = await response.json()
    assert {each["status"] for each in again["receipts"]} == {"duplicate"}


@pytest.mark.parametrize("kind", ["application/x-ndjson", "Application/JSONL; charset=utf-8"])
async def test_lines_are_rows_of_their_own_at_both_doors(
    http: Served, db: Database, settings: Settings, tenant: UUID, principal: Principal, kind: str
) -> None:
    account = await an_account(db, tenant)
    lines = [msgspec.json.encode(event(account)) for _ in range(3)]
    body = b"\n".join([lines[0], lines[1][:-1], b"NaN", lines[2]])
    key = await a_key(settings, tenant, "ingest")
    url = "/v1/events"
    statuses = ["accepted", "rejected", "rejected", "accepted"]
    for door in (http.gateway, settings.service_url("usage")):
        headers = {**both_doors(settings, principal, key), "content-type": kind}
        async with http.session.post(door + url, data=body, headers=headers) as response:
            receipts = (await response.json())["receipts"]
        assert [each["status"] for each in receipts] == statuses
        statuses = ["duplicate", "rejected", "rejected", "duplicate"]
    headers["content-type"] = "application/json"
    array = b"[" + body.replace(b"\n", b",") + b"]"
    async with http.session.post(http.gateway + url, data=array, headers=headers) as response:
        refused = (await response.json())["error"]
    assert response.status == 400
    assert "(byte " in refused["message"]
    assert "application/x-ndjson" in refused["message"]


BOMB = gzip.compress(b"[" + b" " * 40_000_000 + b"]")


@pytest.mark.parametrize("door", ["gateway", "service"])
async def test_a_body_that_swells_is_refused_and_the_others_do_not_wait(
    http: Served, settings: Settings, tenant: UUID, principal: Principal, door: str
) -> None:
    key = await a_key(settings, tenant, "ingest")
    url = f"{http.gateway if door == 'gateway' else settings.service_url('usage')}/v1/events"
    signed = both_doors(settings, principal, key)
    cases = [
        (BOMB, "gzip", 413), (BOMB[:-9], "gzip", 413), (b"[]", "gzip", 400), (b"", "gzip", 400),
        (gzip.compress(b"[]")[:-4], "gzip", 400), (gzip.compress(b"[]") * 2, "gzip", 400),
        (b"[]", "br", 400), (b" " * 17_000_000, "identity", 413),
        (gzip.compress(b"[]"), "GZip", 202),
    ]  # fmt: skip
    for body, encoding, status in cases:
        headers = {**signed, "content-encoding": encoding}
        async with http.session.post(url, data=BytesIO(body), headers=headers) as response:
            assert response.status == status, (encoding, len(body), await response.text())


def both_doors(settings: Settings, principal: Principal, key: str) -> dict[str, str]:
    sealed = auth.Signer(settings).seal(principal)
    return {"authorization": f"Bearer {key}", auth.HEADER: sealed}


def test_unpacking_never_goes_further_than_allowed() -> None:
    packed = gzip.compress(b"x" * 1_000)
    assert inflate(packed, 1_000) == b"x" * 1_000
    with pytest.raises(TooLarge):
        inflate(packed, 999)


# How many at once


async def test_a_full_house_asks_to_come_again_and_makes_room_afterwards(
    http: Served, db: Database, tenant: UUID, principal: Principal
) -> None:
    account = await an_account(db, tenant)
    single = Limit("batches", whole=1, tenant=1, key=1)
    http.usage.state.running.gate = BatchGate(single)
    with http.usage.state.running.gate.enter(Principal(NO_TENANT, "another", ())):
        for path, body in (("events", [event(account)]), ("batch", {"batch": []})):
            status, answer, headers = await http.post(path, body, principal)
            assert (status, headers["retry-after"]) == (503, "1")
            assert "1 batches of all callers are under way, of at most 1" in str(answer)
    assert (await http.post("events", [event(account)], principal))[0] == 202


def test_bytes_under_way_are_bounded_and_given_back(principal: Principal) -> None:
    gate = BatchGate(BATCHES, Limit("bytes", whole=100, tenant=70, key=70))
    other = Principal(NO_TENANT, "another", ())
    with gate.enter(principal) as first:
        first.reserve_bytes(60)
        with gate.enter(principal) as second, pytest.raises(OverShare, match="of at most 70"):
            second.reserve_bytes(11)
        with gate.enter(other) as second, pytest.raises(Busy, match="of at most 100"):
            second.reserve_bytes(50)
        assert gate.bytes.count() == 60
    assert (gate.batches.count(), gate.bytes.count()) == (0, 0)


# How broken


BROKEN = [
    b"[" * 15_000_000,
    b"[" + b"{}," * 5_000_000 + b"]",
    b'["' + b'\\"' * 7_000_000 + b"]",
    b"[" + b'"",' * 900_000 + b"x]",
]


@pytest.mark.parametrize("body", BROKEN, ids=["deep", "wide", "open", "short"])
async def test_a_large_broken_body_does_not_hold_up_the_others(
    http: Served, principal: Principal, body: bytes
) -> None:
    slowest, done = 0.0, False

    async def beat() -> None:
        nonlocal slowest
        while not done:
            since = time.monotonic()
            await asyncio.sleep(0.01)
            slowest = max(slowest, time.monotonic() - since)

    pulse = asyncio.create_task(beat())
    begun = time.monotonic()
    status, _, _ = await http.post("events", body, principal)
    done = True
    await pulse
    assert status == 400
    assert time.monotonic() - begun < 10
    assert slowest < 1.0
    assert len(body) > OFF_LOOP_BYTES
