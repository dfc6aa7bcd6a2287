"""The client of the bulk API against a real server over real HTTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.loading import telco
from infra.loading.client import Client, cut
from infra.loading.errors import LoadError
from infra.loading.run import load
from ml.simulation.rows import Batch, Event
from ml.simulation.tenant import simulate
from tests.architecture.tree import ROOT
from tests.conftest import free_port
from tests.processes import serving

UNTIL = date(2026, 7, 1)
TENANT = UUID(int=7)


@dataclass
class Server:
    """A small bulk API that keeps rows by id, and can be told to misbehave."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    refusals: list[Response] = field(default_factory=list)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    rejected_id: str = ""
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""

    async def take(self, request: Request) -> Response:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = await request.body()
            await asyncio.sleep(0.002)
            self.bodies.append((request.path_params["kind"], body))
            self.keys.add(request.headers["authorization"])
            if self.refusals:
                return self.refusals.pop(0)
            return JSONResponse({"receipts": self.receipts(*self.bodies[-1])}, 202)
        finally:
            self.in_flight -= 1

    def receipts(self, kind: str, body: bytes) -> list[dict[str, Any]]:
        return [
            {"row": number, **self.receipt(kind, row)}
            for number, row in enumerate(msgspec.json.decode(body))
        ]

    def receipt(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        row_id = row.get("id", row.get("accountId"))
        if row_id == self.rejected_id:
            return {"status": "rejected", "field": "name", "message": "allowed: other names"}
        if kind == "accounts":
            row_id = str(uuid5(TENANT, row["externalId"]["id"]))
        key = f"{row_id} {row.get('recordedAt')}"
        rows = self.rows.setdefault(kind, {})
        status = "duplicate" if key in rows else "accepted"
        rows[key] = row
        return {"status": status, "id": row_id}


@asynccontextmanager
async def listening(server: Server, port: int = 0) -> AsyncGenerator[Server]:
    port = port or free_port()
    app = Starlette(routes=[Route("/v1/{kind}", server.take, methods=["POST"])])
    server.url = f"http://127.0.0.1:{port}"
    async with serving(app, port):
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with listening(Server()) as running:
        yield running


def a_client(
    url: str, tmp_path: Path, pause_s: float = 0.01, *, rows: int = 1_000, size: int = 100_000
) -> Client:
    return Client(
        url, "k", tmp_path / "rejected",
        max_pause_s=pause_s, rows_a_batch=rows, bytes_a_batch=size,
    )  # fmt: skip


def some(count: int = 40) -> list[Batch]:
    customers = telco.read(ROOT / "data/telco.csv")[:count]
    return list(telco.batches(customers, UNTIL))


class Note(msgspec.Struct):
    """A row of any length."""

    text: str
    id: str = ""
    account_id: UUID | None = None


def event(account: int, number: int = 0) -> Event:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    return Event(
        id=UUID(int=number),
        account_id=UUID(int=account),
        member_id=UUID(int=1),
        feature="report",
        occurred_at=at,
        recorded_at=at,
        quantity=1,
    )


async def test_everything_arrives_under_the_accounts_ids_of_the_receipts(
    server: Server, tmp_path: Path
):
    out = StringIO()
    tally, ids = await load(
        server.url, "tnr_key", some(40), tmp_path / "rejected", Console(file=out)
    )

    account_ids = {
        str(uuid5(TENANT, row["externalId"]["id"])) for row in server.rows["accounts"].values()
    }
    assert {str(key) for key in ids.values()} == account_ids
    for kind in ("contracts", "subscriptions", "payment-methods"):
        assert {row["accountId"] for row in server.rows[kind].values()} == account_ids
    assert tally.rejected == 0
    assert server.keys == {"Bearer tnr_key"}
    assert not (tmp_path / "rejected").exists()
    assert "accounts         40 accepted in" in out.getvalue()


async def test_sending_twice_counts_duplicates(server: Server, tmp_path: Path):
    console = Console(file=StringIO())
    await load(server.url, "k", some(), tmp_path / "rejected", console)
    tally, _ = await load(server.url, "k", some(), tmp_path / "rejected", console)

    assert all(set(counts) == {"duplicate"} for counts in tally.counts.values())
    assert tally.rejected == 0


async def test_a_busy_server_gets_the_same_bytes_again(server: Server, tmp_path: Path):
    server.refusals = [
        Response("slow down", 429, headers={"retry-after": "0"}),
        Response("restarting", 503, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        Response("nobody there", 502),
    ]
    async with a_client(server.url, tmp_path) as client:
        counts = await client.load(some()[0], lambda _: None)

    assert counts == {"accepted": 40}
    assert len({body for _, body in server.bodies}) == 1
    assert len(server.bodies) == 4


async def test_a_server_that_restarts_is_waited_for(tmp_path: Path):
    port, batches = free_port(), some()
    async with a_client(f"http://127.0.0.1:{port}", tmp_path, 0.2) as client:
        async with listening(Server(), port):
            await client.load(batches[0], lambda _: None)
        waiting = asyncio.create_task(client.load(batches[1], lambda _: None))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        async with listening(Server(), port):
            assert await waiting == {"accepted": batches[1].total}


async def test_an_address_where_nobody_answers_is_given_up(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port()}"
    async with a_client(url, tmp_path) as client:
        with pytest.raises(LoadError, match="does not take accounts after 4 tries"):
            await client.load(some()[0], lambda _: None)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            JSONResponse({"error": {"code": "NOT_PERMITTED", "message": "unknown key"}}, 401),
            r"does not let this key write accounts \(401\): unknown key$",
        ),
        (Response("too large", 413), r"refuses accounts \(413\): too large"),
        (Response("<html>", 202), "holds no receipts"),
        (JSONResponse({"receipts": []}, 202), "0 receipts came for 40 rows"),
    ],
)
async def test_what_waiting_cannot_cure_stops_at_once(
    server: Server, tmp_path: Path, reply: Response, words: str
):
    server.refusals = [reply]
    async with a_client(server.url, tmp_path) as client:
        with pytest.raises(LoadError, match=words):
            await client.load(some()[0], lambda _: None)
    assert len(server.bodies) == 1


async def test_rejected_rows_are_kept_with_their_reason(server: Server, tmp_path: Path):
    batches = some()
    broken = list(batches[0].rows)[3]
    server.rejected_id = str(broken.id)  # pyrefly: ignore[missing-attribute]

    tally, _ = await load(
        server.url, "k", batches[:1], tmp_path / "deep/rejected", Console(file=StringIO())
    )

    assert tally.rejected == 1
    assert tally.counts["accounts"] == {"accepted": 39, "rejected": 1}
    (line,) = (tmp_path / "deep/rejected").read_text().splitlines()
    reject = msgspec.json.decode(line)
    assert reject["kind"] == "accounts"
    assert reject["why"]["message"] == "allowed: other names"
    assert reject["row"]["id"] == server.rejected_id


async def test_when_no_account_is_taken_nothing_else_is_sent(server: Server, tmp_path: Path):
    batches = some(1)
    server.rejected_id = str(next(iter(batches[0].rows)).id)  # pyrefly: ignore[missing-attribute]
    with pytest.raises(LoadError, match="no row of accounts was taken"):
        await load(server.url, "k", batches, tmp_path / "rejected", Console(file=StringIO()))
    assert [kind for kind, _ in server.bodies] == ["accounts"]


async def test_no_more_than_four_batches_are_in_flight(server: Server, tmp_path: Path):
    async with a_client(server.url, tmp_path, rows=2) as client:
        counts = await client.load(some()[0], lambda _: None)
    assert counts == {"accepted": 40}
    assert 2 <= server.most_in_flight <= 4


async def test_a_simulated_tenant_arrives_whole(server: Server, tmp_path: Path):
    tenant = simulate(companies_count=15, months=12, seed=2, until=UNTIL)
    tally, _ = await load(
        server.url, "k", tenant.batches(), tmp_path / "rejected", Console(file=StringIO())
    )
    assert {kind: counts.total() for kind, counts in tally.counts.items()} == {
        batch.kind: batch.total for batch in tenant.batches()
    }


def test_batches_are_cut_between_accounts():
    rows = [event(account) for account in (1, 1, 2, 2, 2, 3, 3)]
    assert [len(part) for part in cut(rows, 4)] == [2, 3, 2]


def test_an_account_larger_than_a_batch_is_cut_all_the_same():
    rows = [event(1, number) for number in range(10)]
    parts = list(cut(rows, 4))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert [row for part in parts for row in part] == rows


@pytest.mark.parametrize("wide", [100, 700])
def test_batches_are_cut_by_bytes_as_well(wide: int):
    rows = [Note("x" * (wide if n % 3 else 900), account_id=UUID(int=n // 2)) for n in range(60)]
    parts = list(cut(rows, 20, 2_000))

    assert [row for part in parts for row in part] == rows
    assert all(len(msgspec.json.encode(part)) <= 2_000 for part in parts)
    assert all(len(part) <= 20 for part in parts)
    assert len(parts) < 60


def test_a_row_larger_than_a_batch_goes_alone():
    rows = [Note("x" * length) for length in (10, 5_000, 10, 10)]
    assert [len(part) for part in cut(rows, 20, 1_000)] == [1, 1, 2]


async def test_a_single_row_that_is_too_large_stops_no_other(server: Server, tmp_path: Path):
    server.refusals = [JSONResponse({"error": {"message": "too many bytes"}}, 413)]
    rows = [Note("x" * 5_000, "large"), *(Note("y", f"{n}") for n in range(3))]
    async with a_client(server.url, tmp_path, size=1_000) as client:
        counts = await client.load(Batch("notes", 4, iter(rows)), lambda _: None)

    assert counts == {"rejected": 1, "accepted": 3}
    (line,) = (tmp_path / "rejected").read_text().splitlines()
    assert msgspec.json.decode(line)["why"]["message"] == "too many bytes"


@pytest.mark.parametrize(
    ("asked_s", "limit_s", "pause_s"), [("0.3", 15.0, 0.3), ("3600", 0.2, 0.2), ("soon", 0.2, 0.2)]
)
async def test_a_pause_is_as_long_as_the_server_asks_up_to_a_limit(
    server: Server, tmp_path: Path, asked_s: str, limit_s: float, pause_s: float
):
    server.refusals = [Response("slow down", 429, headers={"retry-after": asked_s})]
    begun = monotonic()
    async with a_client(server.url, tmp_path, limit_s) as client:
        await client.load(some()[0], lambda _: None)
    assert pause_s <= monotonic() - begun < pause_s + 5
