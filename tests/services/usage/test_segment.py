"""Segment's HTTP API: what analytics libraries send becomes usage of the right account."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.usage.store import rejections as rejections_store
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from tests.services.usage.examples import an_account, marked, summary
from tests.services.usage.processes import Served, a_key

SENT_AT = datetime(2026, 6, 15, 12, tzinfo=UTC)


def track(user: str | None = "ann", event: str = "Report Built", **values: Any) -> dict[str, Any]:
    return {
        "type": "track", "messageId": uuid4().hex, "event": event,
        **({"userId": user} if user else {}), **values,
    }  # fmt: skip


def group(user: str, group_id: str, **values: Any) -> dict[str, Any]:
    message = {"type": "group", "messageId": uuid4().hex, "userId": user, "groupId": group_id}
    return {**message, **values}


async def deliver(
    http: Served, caller: Principal, *messages: dict[str, Any], **values: Any
) -> None:
    body = {"batch": messages, **values}
    while (answer := await http.post("batch", body, caller))[0] == 429:  # noqa: ASYNC110 - over its share
        await asyncio.sleep(0.02)
    assert answer[:2] == (200, {"success": True})


async def events(owner: Conn) -> list[tuple[Any, ...]]:
    rows = await owner.fetch(
        "SELECT account_id, member, feature FROM usage.event ORDER BY feature, member"
    )
    return [tuple(row) for row in rows]


async def test_a_group_call_says_whose_account_a_users_events_belong_to(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))

    await deliver(http, principal, group("ann", "g1"), track("ann"), track("bob", "Other"))

    assert await events(owner) == [(acme, "ann", "Report Built")]
    assert await owner.fetchval("SELECT external_source FROM usage.pending_event") == "segment:user"
    assert await marked(db, tenant) == {acme}


async def test_a_track_waits_first_for_its_users_group_then_for_its_account(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    message = track("ann")
    await deliver(http, principal, message)
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 1
    await deliver(http, principal, group("ann", "g1"))
    await deliver(http, principal, message)
    assert await owner.fetchval("SELECT external_id FROM usage.pending_event") == "g1"

    acme = await an_account(db, tenant, ("segment", "g1"))

    assert await events(owner) == [(acme, "ann", "Report Built")]
    assert (await summary(db, tenant, acme)).events_28.value == 1


async def test_events_that_waited_count_once_their_user_joins_a_known_account(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))
    await deliver(http, principal, track(None, anonymousId="visitor"))
    await deliver(http, principal, group("ann", "g1"))
    identify = {"type": "identify", "userId": "ann", "anonymousId": "visitor"}

    await deliver(http, principal, identify)

    assert await events(owner) == [(acme, "visitor", "Report Built")]
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 0


async def test_a_message_belongs_where_its_user_was_when_it_was_said(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    first, second = [await an_account(db, tenant, ("segment", name)) for name in ("g1", "g2")]
    third = await an_account(db, tenant, ("segment", "g3"))

    await deliver(
        http, principal, group("ann", "g1"), track("ann", "a"), group("ann", "g2"),
        track("ann", "b"), track("ann", "c", context={"groupId": "g3"}),
        {"type": "alias", "userId": "anna", "previousId": "ann"}, track("anna", "d"),
    )  # fmt: skip

    assert await events(owner) == [
        (first, "ann", "a"), (second, "ann", "b"), (third, "ann", "c"), (second, "anna", "d"),
    ]  # fmt: skip


async def test_the_senders_wrong_clock_is_put_right_and_a_resent_batch_counts_once(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    await an_account(db, tenant, ("segment", "g1"))
    ahead = datetime.now(UTC) + timedelta(days=400)
    message = track("ann", context={"groupId": "g1"}, timestamp=ahead - timedelta(minutes=10))
    untimed = track("ann", "Untimed", context={"groupId": "g1"})
    nameless = track("ann", "Nameless", context={"groupId": "g1"}, timestamp=ahead)
    del nameless["messageId"]

    await deliver(http, principal, message, untimed, nameless, sentAt=ahead)
    await deliver(http, principal, message, untimed, nameless, sentAt=ahead + timedelta(hours=1))

    rows = await owner.fetch("SELECT feature, occurred_at, recorded_at FROM usage.event")
    assert {row["feature"] for row in rows} == {"Report Built", "Untimed", "Nameless"}
    assert len(rows) == 3
    ago = {row["feature"]: row["recorded_at"] - row["occurred_at"] for row in rows}
    assert abs(ago["Report Built"] - timedelta(minutes=10)) < timedelta(seconds=5)
    assert ago["Untimed"] == timedelta(0)
    async with db.read(tenant) as conn:
        assert (await rejections_store.rejections(conn)).items == []


async def test_pages_and_screens_are_features_of_their_name(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))
    about: dict[str, Any] = {"userId": 7, "context": {"groupId": "g1"}}
    for kind, body in (
        ("page", {"name": "Pricing"}), ("page", {"properties": {"path": "/docs"}}), ("page", {}),
        ("screen", {"name": "Home"}), ("track", {"event": "Signed Up"}),
    ):  # fmt: skip
        assert (await http.post(kind, {**about, **body}, principal))[0] == 200

    assert await events(owner) == [
        (acme, "7", feature)
        for feature in ("Signed Up", "page", "page:/docs", "page:Pricing", "screen:Home")
    ]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "track", "messageId": "1", "event": "x"}, "userId"),
    ({"type": "track", "messageId": "2", "userId": "ann"}, "event"),
    ({"type": "group", "messageId": "3", "userId": "ann"}, "groupId"),
    ({"type": "dance", "messageId": "4", "userId": "ann"}, "type"),
    ({"type": "track", "messageId": "5", "userId": "ann", "event": "x\0"}, "event"),
    ({"type": "track", "messageId": "6", "userId": "a" * 300, "event": "x"}, "userId"),
    ({"type": "track", "messageId": "7", "userId": "a", "event": "x", "timestamp": "now"},
     "timestamp"),
    ({"type": "track", "messageId": "8", "userId": "a", "event": "x",
      "timestamp": "9999-12-31T00:00:00Z", "sentAt": "0001-01-01T00:00:00Z"}, "timestamp"),
    ({"type": "track", "messageId": "9", "userId": "a", "event": "x",
      "timestamp": "2100-01-01T00:00:00Z"}, "occurredAt"),
    ({"type": "track", "messageId": "10", "userId": "a", "event": "x",
      "timestamp": "0001-01-01T00:00:00+01:00"}, "timestamp"),
    ({"type": "track", "messageId": "11", "userId": "a", "event": "x",
      "sentAt": "9999-12-31T23:59:59-05:00"}, "sentAt"),
    ({"type": "track", "messageId": "12", "userId": "a", "event": "x",
      "sentAt": 7}, "sentAt"),
    ({"type": "track", "messageId": "13", "userId": "a", "event": "x", "context": [7]}, "context"),
    ({"type": "track", "messageId": "14", "userId": "a", "event": "x", "properties": "p"},
     "properties"),
]  # fmt: skip


async def test_bad_messages_are_listed_with_a_reason_and_stop_nobody(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))
    good = track("ann", context={"groupId": "g1"})

    await deliver(http, principal, *(message for message, _ in BAD), good)

    assert await events(owner) == [(acme, "ann", "Report Built")]
    async with db.read(tenant) as conn:
        listed = (await rejections_store.rejections(conn)).items
    assert {(each.event_id, each.field) for each in listed} == {
        (message["messageId"], field) for message, field in BAD
    }
    assert all(each.reason for each in listed)


ENVELOPES: list[tuple[dict[str, Any], str | None]] = [
    ({"sentAt": "2015-09-15T10:06:21 am+0400"}, "sentAt"),
    ({"sentAt": 7}, "sentAt"),
    ({"sentAt": "0001-01-01T00:00:00+01:00"}, "sentAt"),
    ({"context": "nonsense"}, "context"),
    ({"context": {"groupId": {}}}, "context.groupId"),
    ({"context": {"page": "x" * 40_000}}, "context"),
    ({"context": []}, None),
    ({"context": None, "sentAt": None, "integrations": [], "writeKey": 7}, None),
]


@pytest.mark.parametrize(("envelope", "field"), ENVELOPES)
async def test_what_a_batch_says_of_itself_costs_none_of_its_messages(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn,
    envelope: dict[str, Any], field: str | None,
) -> None:  # fmt: skip
    acme = await an_account(db, tenant, ("segment", "g1"))
    at = datetime.now(UTC) - timedelta(minutes=10)
    about: dict[str, Any] = {"context": {"groupId": "g1"}, "timestamp": at}

    await deliver(
        http, principal, track("ann", "a", **about), track("ann", "b", **about), **envelope
    )

    assert await events(owner) == [(acme, "ann", "a"), (acme, "ann", "b")]
    assert set(await owner.fetch("SELECT occurred_at FROM usage.event")) == {(at,)}
    async with db.read(tenant) as conn:
        listed = (await rejections_store.rejections(conn)).items
    assert [(each.event_id, each.field) for each in listed] == ([(None, field)] if field else [])


HOSTILE = [
    '"\\ud83d"', "NaN", "-Infinity", "1e400", "9" * 5_000, '"\\u0000"', '"\x01"', '"\xff"',
    "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, f'"{"x" * 40_000}"',
]  # fmt: skip


@pytest.mark.parametrize("place", ["event", "properties", "context", "userId", "timestamp", "type"])
async def test_a_hostile_value_costs_its_message_only_and_the_message_is_listed(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn, place: str
) -> None:
    await an_account(db, tenant, ("segment", "g1"))
    messages: list[str] = []
    for number, value in enumerate(HOSTILE):
        about = {"messageId": f"bad{number}", "type": "track", "userId": "ann", "event": "x"}
        bad = msgspec.json.encode({key: text for key, text in about.items() if key != place})
        good = msgspec.json.encode(track("ann", f"good{number}", context={"groupId": "g1"}))
        messages += [f'{bad.decode()[:-1]},"{place}":{value}}}', good.decode()]
    body = f'{{"batch":[{",".join(messages)}]}}'.encode("latin-1")

    status, answer, _ = await http.post("batch", body, principal)

    assert (status, answer) == (200, {"success": True})
    assert await owner.fetchval("SELECT count(*) FROM usage.event") == len(HOSTILE)
    async with db.read(tenant) as conn:
        listed = (await rejections_store.rejections(conn, 100)).items
    assert {each.event_id for each in listed} == {f"bad{n}" for n in range(len(HOSTILE))}


async def test_an_empty_array_is_an_empty_object_as_php_writes_it(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))
    bare = {"userId": "ann", "event": "x", "groupId": "g1", "properties": [], "context": []}

    assert (await http.post("track", bare, principal))[:2] == (200, {"success": True})
    await deliver(http, principal, track("ann", "y", groupId="g1", properties=[]), context=[])

    assert await events(owner) == [(acme, "ann", "x"), (acme, "ann", "y")]
    assert await owner.fetchval("SELECT count(*) FROM usage.event WHERE properties = '{}'") == 2


NO_MESSAGE = [b"", b"{", b"[]", b"7", b"\xff", b"[" * 9_000, b'{"batch":{},"userId":[]}']


@pytest.mark.parametrize("path", ["batch", "track"])
@pytest.mark.parametrize("body", NO_MESSAGE)
async def test_what_is_no_message_is_a_400_with_a_reason(
    http: Served, principal: Principal, path: str, body: bytes
) -> None:
    status, answer, _ = await http.post(path, body, principal)
    assert (status, answer["success"]) == (400, False)
    assert answer["message"]


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


async def test_the_write_key_is_an_api_key_as_user_name_or_in_the_body(
    http: Served, settings: Settings, tenant: UUID, owner: Conn
) -> None:
    key = await a_key(settings, tenant, "ingest")
    reader = await a_key(settings, tenant, "read")
    message = {"userId": "ann", "event": "x"}
    requests: list[tuple[dict[str, str], dict[str, Any], int]] = [
        (basic(key), {}, 200), ({}, {"writeKey": key}, 200),
        ({"authorization": f"Bearer {key}"}, {}, 200), (basic(""), {"writeKey": key}, 200),
        (basic(reader), {}, 403), (basic("tnr_nobody"), {"writeKey": key}, 401),
        ({"authorization": "Basic !!!"}, {}, 401), ({}, {}, 401), ({}, {"writeKey": 7}, 401),
    ]  # fmt: skip
    for headers, more, status in requests:
        async with http.session.post(
            f"{http.gateway}/v1/track", json={**message, **more}, headers=headers
        ) as response:
            assert response.status == status, (headers, more)
            assert (await response.json())["success"] is (status == 200)
    assert await owner.fetchval("SELECT count(*) FROM usage.pending_event") == 4
