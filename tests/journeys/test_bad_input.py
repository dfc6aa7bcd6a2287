"""Whatever is sent to the gateway: exact receipts, clear refusals, never a 5xx."""

import io
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.journeys.processes import Client, Stack

pytestmark = pytest.mark.stack


MANY = b"[{}" + b",{}" * 6_000 + b"]"


def row(account: str, **changed: Any) -> dict[str, Any]:
    """A good event row, changed as asked."""
    now = datetime.now(UTC).isoformat()
    good = {"id": str(uuid4()), "accountId": account, "memberId": "m1", "feature": "report"}
    return {**good, "occurredAt": now, **changed}


def mixed(account: str, tag: str) -> tuple[list[bytes], list[tuple[str, str | None]]]:
    """A thousand rows of ten kinds, shuffled, and the receipt each must get."""
    future = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    twice = [row(account, id=f"{tag}-twice-{n}") for n in range(100)]
    kinds: list[tuple[list[Any], str, str | None]] = [
        ([row(account) for _ in range(300)], "accepted", None),
        ([row(account, quantity="many") for _ in range(100)], "rejected", "quantity"),
        ([row(str(uuid4())) for _ in range(100)], "pending", None),
        ([row(account, occurredAt=future) for _ in range(100)], "rejected", "occurredAt"),
        ([row(account, properties={"x": "y" * 40_000}) for _ in range(20)], "rejected", "row"),
        ([row(account, extra=1) for _ in range(80)], "rejected", "extra"),
    ]
    rows = [
        (json.dumps(event).encode(), (status, field))
        for events, status, field in kinds
        for event in events
    ]
    rows += [(nan(account), ("rejected", "row")) for _ in range(50)]
    rows += [(not_utf8(account), ("rejected", "row")) for _ in range(50)]
    random.Random(7).shuffle(rows)  # noqa: S311 - a shuffle, not a secret
    first = [(json.dumps(event).encode(), ("accepted", None)) for event in twice]
    again = [(json.dumps(event).encode(), ("duplicate", None)) for event in twice]
    rows = first + rows + again
    return [raw for raw, _ in rows], [receipt for _, receipt in rows]


def nan(account: str) -> bytes:
    return json.dumps(row(account)).encode()[:-1] + b', "quantity": NaN}'


def not_utf8(account: str) -> bytes:
    return json.dumps(row(account, feature="caf")).encode().replace(b'"caf"', b'"caf\xe9"')


async def test_a_thousand_mixed_rows_get_exact_receipts(stack: Stack, partner: Client) -> None:
    created = await partner.post("accounts", [{"name": "Mixed"}])
    account = created[0]["id"]
    await partner.post("events", [row(account)])
    rows, expected = mixed(account, str(uuid4()))
    assert len(rows) == 1_000

    receipts = await partner.post_raw("events", b"[" + b",".join(rows) + b"]")

    assert [receipt["row"] for receipt in receipts] == list(range(1_000))
    got = [(receipt["status"], receipt.get("field")) for receipt in receipts]
    assert Counter(got) == Counter(expected)
    assert got == expected
    for receipt in receipts:
        if receipt["status"] == "rejected":
            assert receipt["message"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[[[[", b'"x"', b"\xff\xfe", b"[" * 5_000, MANY]
)  # fmt: skip
async def test_a_body_that_is_no_batch_is_refused_with_a_reason(
    body: bytes, stack: Stack, partner: Client
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{stack.address}/v1/events", data=body, headers=partner.authorization
        ) as response,
    ):
        answer = await response.json()
    assert response.status == 400
    assert answer["error"]["code"] == "INVALID_INPUT"
    assert answer["error"]["message"].startswith("body")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"[]", 400), (b"7", 400), (b'{"query": 7}', 400), (b"{", 400),
        (b'{"query": "{ viewer { subject } }", "variables": [1]}', 400),
        (b"\xff", 400), (b'{"query": ' + b"[" * 100_000, 400),
        (b'{"query": "{ nothing }"}', 200), (b'{"query": "{"}', 200),
        (b'{"query": "' + b"{a" * 50_000 + b'"}', 200),
        (b'{"query": "{ viewer { subject } }", "pad": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)  # fmt: skip
async def test_graphql_bodies_never_cause_a_5xx(
    body: bytes, status: int, stack: Stack, partner: Client
) -> None:
    headers = {**partner.authorization, "content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{stack.address}/graphql", data=io.BytesIO(body), headers=headers
        ) as response,
    ):
        answer = await response.json()
    assert response.status == status
    assert answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize("query", [
    '{ node(id: "nonsense") { id } }',
    '{ account(id: "%s") { name } }' % ("x" * 500),
    "{ atRisk(withinDays: -1) { nodes { risk { band } } } }",
    "{ accounts(first: 1000) { nodes { id } } }",
    '{ accounts(after: "!!!") { nodes { id } } }',
    '{ accounts(first: 1) { nodes { usage(asOf: "2026-01-01T00:00:00") { asOf } } } }',
])  # fmt: skip
async def test_bad_arguments_name_themselves(query: str, stack: Stack, partner: Client) -> None:
    answer = await partner.graphql(query)
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes <= {"INVALID_INPUT", "GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize("authorization", [
    None, "Bearer nonsense", "Bearer tnr_00000000_wrong", "Basic dG5yOg==", "Bearer ", "tnr_x",
])  # fmt: skip
async def test_nobody_gets_in_without_a_key(authorization: str | None, stack: Stack) -> None:
    headers = {"authorization": authorization} if authorization else {}
    async with aiohttp.ClientSession() as session:
        for path, body in (("/graphql", {"query": "{ viewer { subject } }"}), ("/v1/events", [])):
            async with session.post(
                f"{stack.address}{path}", json=body, headers=headers
            ) as response:
                assert response.status == 401
                answer = await response.json()
        assert "Authorization" in str(answer) or "unknown or revoked" in str(answer)


async def test_services_do_not_answer_strangers(stack: Stack) -> None:
    async with aiohttp.ClientSession() as session:
        for service in ("accounts", "usage", "billing", "learning", "risk"):
            url = stack.settings.service_url(service)
            for path in (f"/rpc/{service}", "/v1/events", "/v1/accounts"):
                async with session.post(f"{url}{path}", data=b"\x90") as response:
                    assert response.status in (403, 404)
            async with session.get(f"{url}/log?after=0") as response:
                assert response.status == 403
