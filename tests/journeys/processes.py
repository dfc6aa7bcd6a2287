"""The whole, as `make run` starts it, a client of its public face, and a receiver of traces."""

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from shared.platform.config import Settings

READY_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Stack:
    """A running installation, one tenant and its key."""

    settings: Settings
    key: str
    tenant: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.settings)

    def tenure(self, *arguments: str) -> str:
        """Run one of our commands against this installation; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def environment(settings: Settings) -> dict[str, str]:
    """What a process of this installation finds in its environment."""
    mine = {"TENURE_DATA_DIR": str(settings.data_dir), "TENURE_PORT": str(settings.port)}
    return {key: value for key, value in os.environ.items() if not key.startswith("TENURE_")} | mine


def up(
    settings: Settings, log: Path, *arguments: str, env: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """`tenure up` as a process; its words go to `log`."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "up", *arguments],
            env=environment(settings) | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


class Client:
    """What a frontend or a partner does, with aiohttp."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self.authorization = {"authorization": f"Bearer {stack.key}"}

    async def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, errors and all."""
        async with self._session.post(
            f"{self._stack.address}/graphql",
            json={"query": query, "variables": variables},
            headers=self.authorization,
        ) as response:
            return await response.json()

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data; no errors allowed."""
        answer = await self.graphql(query, **variables)
        assert "errors" not in answer or not answer["errors"], answer["errors"]
        return answer["data"]

    async def post(self, kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Bulk rows; their receipts."""
        return await self.post_raw(kind, json.dumps(rows).encode())

    async def post_raw(self, kind: str, body: bytes) -> list[dict[str, Any]]:
        """A bulk body as it is; its receipts."""
        async with self._session.post(
            f"{self._stack.address}/v1/{kind}", data=body, headers=self.authorization
        ) as response:
            answer = await response.json()
            assert response.status == 202, (response.status, answer)
            return answer["receipts"]

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and body of a plain page."""
        async with self._session.get(
            f"{self._stack.address}{path}", headers=self.authorization
        ) as response:
            return response.status, await response.json(content_type=None)

    async def over_sse(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any]]:
        """The results of a subscription over server-sent events."""
        headers = {**self.authorization, "accept": "text/event-stream"}
        async with self._session.post(
            f"{self._stack.address}/graphql",
            json={"query": query, "variables": variables},
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=60),
        ) as response:
            assert response.content_type == "text/event-stream", await response.text()
            async for line in response.content:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    async def over_websocket(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any]]:
        """The results of a subscription over graphql-transport-ws, signed in by connection_init."""
        async with self._session.ws_connect(
            f"{self._stack.address}/graphql", protocols=("graphql-transport-ws",)
        ) as socket:
            await socket.send_json({"type": "connection_init", "payload": self.authorization})
            assert (await socket.receive_json())["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
            async for message in socket:
                answer = json.loads(message.data)
                if answer["type"] == "ping":
                    await socket.send_json({"type": "pong"})
                elif answer["type"] == "next":
                    yield answer["payload"]
                else:
                    raise AssertionError(answer)


@asynccontextmanager
async def client(stack: Stack) -> AsyncGenerator[Client]:
    """A client with a session of its own."""
    async with aiohttp.ClientSession() as session:
        yield Client(stack, session)


async def until(check: Any, within_s: float, every_s: float = 0.1) -> Any:
    """The first true answer of `check`; fails with the last one when time is up."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not (answer := await check()):
        assert asyncio.get_running_loop().time() < deadline, f"not within {within_s} s: {answer}"
        await asyncio.sleep(every_s)
    return answer


@dataclass(frozen=True, slots=True)
class Span:
    """A span as it arrived."""

    service: str
    name: str
    trace: str


class Receiver(ThreadingHTTPServer):
    """Listens on a free port of this machine and keeps what arrives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Export)
        self.spans: list[Span] = []
        self.gauges: dict[tuple[str, ...], float] = {}
        """The newest value of each gauge, by its name and attributes."""

    def traces(self) -> dict[str, list[Span]]:
        """The spans by their trace."""
        by_trace: dict[str, list[Span]] = defaultdict(list)
        for span in list(self.spans):
            by_trace[span.trace].append(span)
        return by_trace

    def take(self, message: ExportTraceServiceRequest) -> None:
        """One export."""
        for resource in message.resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Span(names["service.name"], span.name, span.trace_id.hex())
                    for span in scope.spans
                ]

    def take_metrics(self, message: ExportMetricsServiceRequest) -> None:
        """One export of gauges."""
        for resource in message.resource_metrics:
            for metric in (m for scope in resource.scope_metrics for m in scope.metrics):
                for point in metric.gauge.data_points:
                    attributes = sorted((a.key, a.value.string_value) for a in point.attributes)
                    name = (metric.name, *(value for _, value in attributes))
                    self.gauges[name] = point.as_int


class Export(BaseHTTPRequestHandler):
    """A POST of spans."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        length = int(self.headers["content-length"])
        exported = self.rfile.read(length)
        if self.path == "/v1/traces":
            self.server.take(ExportTraceServiceRequest.FromString(exported))
        else:
            self.server.take_metrics(ExportMetricsServiceRequest.FromString(exported))
        body = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: hundreds of lines that nobody reads."""


@contextmanager
def receiving() -> Generator[Receiver]:
    """A receiver in a thread of its own."""
    receiver = Receiver()
    thread = Thread(target=receiver.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
