"""A receiver of OTLP/HTTP traces, as a collector would be."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as it arrived."""

    service: str
    name: str
    trace: str


@dataclass
class Receiver:
    """What arrived so far."""

    port: int = 0
    spans: list[Seen] = field(default_factory=list)

    def traces(self) -> dict[str, list[Seen]]:
        """The spans by their trace."""
        found: dict[str, list[Seen]] = defaultdict(list)
        for span in self.spans:
            found[span.trace].append(span)
        return found

    async def take(self, request: web.Request) -> web.Response:
        """One export."""
        message = ExportTraceServiceRequest.FromString(await request.read())
        for resource in message.resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Seen(names["service.name"], span.name, span.trace_id.hex())
                    for span in scope.spans
                ]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/traces", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await asyncio.shield(runner.cleanup())
