"""A receiver of OTLP/HTTP traces, as a collector would be."""

from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

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


class Receiver(ThreadingHTTPServer):
    """Listens on a free port of this machine and keeps what arrives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Export)
        self.spans: list[Seen] = []

    def traces(self) -> dict[str, list[Seen]]:
        """The spans by their trace."""
        by_trace: dict[str, list[Seen]] = defaultdict(list)
        for span in list(self.spans):
            by_trace[span.trace].append(span)
        return by_trace

    def take(self, message: ExportTraceServiceRequest) -> None:
        """One export."""
        for resource in message.resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Seen(names["service.name"], span.name, span.trace_id.hex())
                    for span in scope.spans
                ]


class Export(BaseHTTPRequestHandler):
    """A POST of spans."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        length = int(self.headers["content-length"])
        self.server.take(ExportTraceServiceRequest.FromString(self.rfile.read(length)))
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
