"""Ten thousand rows and ten thousand bodies: exact receipts, and never a 5xx."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.services.usage.examples import an_account, event, send
from tests.services.usage.processes import Served
from tests.services.usage.test_ingest import in_rotation

BODIES = 20


async def test_u19_x8_10000_mixed_rows_get_exact_receipts(
    http: Served, db: Database, tenant: UUID, owner: Conn
) -> None:
    account = await an_account(db, tenant)
    caller = Principal(tenant, "app", ("ingest",))
    same = event(account, id="same", occurredAt="2026-01-02T03:04:05Z")
    await send(db, caller, [event(account, id="twice"), same])
    mixed = [in_rotation(account, number) for number in range(10_000)]
    random.Random(7).shuffle(mixed)  # noqa: S311 - a shuffle, not a secret
    parts = [mixed[at : at + 1_250] for at in range(0, 10_000, 1_250)]

    answers = await asyncio.gather(*(
        http.post("events", b"[" + b",".join(row for row, _, _ in part) + b"]", caller)
        for part in parts
    ))  # fmt: skip

    for part, (status, answer, _) in zip(parts, answers, strict=True):
        assert status == 202
        receipts = answer["receipts"]
        assert [receipt["row"] for receipt in receipts] == list(range(len(part)))
        got = [(receipt["status"], receipt.get("field")) for receipt in receipts]
        assert got == [line[1:] for line in part]
    events = await owner.fetchval("SELECT count(*) FROM usage.event")
    count = Counter(status for _, status, _ in mixed)
    assert events == 2 + count["accepted"] + count["late"]
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == events
    pending = await owner.fetchval("SELECT count(*) FROM usage.pending_event")
    assert pending == count["pending"]


NASTY = st.sampled_from([
    "\0", "\ud800", "a\udfff", "", " ", "x" * 40_000, "\N{SNOWMAN}" * 200, "-0", "1e999",
    float("nan"), float("inf"), 10**400, -(10**400), 2**63, 1e308, 5e-324, True, None, {}, [],
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z",
])  # fmt: skip
VALUES = st.recursive(
    NASTY | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = [
    "id", "accountId", "externalId", "memberId", "feature", "occurredAt", "quantity", "properties",
    "recordedAt", "source",
]  # fmt: skip
KEYS = [
    "type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name",
    "properties", "context", "timestamp", "sentAt", "traits", "writeKey",
]  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4), max_size=4)
MESSAGES = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5), max_size=4)
KINDS = st.sampled_from(["track", "identify", "group", "page", "screen", "alias", "x", None])
DEEP = st.builds(
    lambda depth, opening, closing: (opening * depth + closing * depth).encode(),
    st.integers(0, 20_000),
    st.sampled_from(["[", '{"a":', '[{"properties":', '{"batch":[']),
    st.sampled_from(["]", "}", "}]", "]}", ""]),
)


def written(value: Any) -> bytes:
    """JSON as careless clients write it: NaN, huge integers, lone surrogates and all."""
    return json.dumps(value, default=str).encode()


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path and what is sent there: nearly right, cut, or nothing of the kind."""
    path = draw(st.sampled_from(["events", "batch", "track", "group", "page", "alias"]))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return path, draw(st.binary(max_size=60))
    if kind == 1:
        return path, draw(DEEP)
    if kind == 2:
        return path, written(draw(VALUES))
    body = written(_nearly(draw, path))
    if kind < 5:
        at = draw(st.integers(0, len(body)))
        return path, body[:at] + draw(st.binary(max_size=8)) + body[at:]
    return path, body


def _nearly(draw: st.DrawFn, path: str) -> Any:
    if path == "events":
        account = UUID(int=draw(st.integers(1, 3)))
        return [{**event(account), **changed} for changed in draw(ROWS)]
    good = {"userId": "ann", "event": "x", "groupId": "g"}
    messages = [{**good, "type": draw(KINDS), **changed} for changed in draw(MESSAGES)]
    if path != "batch":
        return messages[0] if messages else good
    return {"batch": messages, "sentAt": draw(VALUES)} if messages else {"batch": draw(VALUES)}


async def never_a_5xx(http: Served, tenant: UUID, requests: list[tuple[str, bytes]]) -> None:
    caller = Principal(tenant, "app", ("ingest", "admin"))
    for path, body in requests:
        status, answer, _ = await http.post(path, body, caller)
        assert status in (200, 202, 400, 413), (status, path, body[:500], answer)
        if status == 202:
            rows = [receipt["row"] for receipt in answer["receipts"]]
            assert rows == list(range(len(rows)))
        elif status != 200:
            assert answer.get("message") or answer["error"]["message"]


def hostile(count: int) -> Callable[..., Any]:
    """The same with so many bodies, which hypothesis makes up."""
    some = given(requests=st.lists(bodies(), min_size=BODIES, max_size=BODIES))(never_a_5xx)
    health = [HealthCheck.data_too_large, HealthCheck.large_base_example]
    health += [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    settings = hypothesis.settings(max_examples=count // BODIES, suppress_health_check=health)
    return settings(some)


test_600_hostile_bodies_never_get_a_5xx = hostile(600)
test_10000_hostile_bodies_never_get_a_5xx = pytest.mark.long(
    pytest.mark.timeout(900)(hostile(10_000))
)
