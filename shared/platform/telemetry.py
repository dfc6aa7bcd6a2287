"""OpenTelemetry: traces run gateway → service → SQL → worker, metrics of what was given up."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, StatusCode

from shared.platform.config import Settings

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

tracer = trace.get_tracer("tenure")


def start(settings: Settings, process: str) -> None:
    """Export over OTLP/HTTP when OTEL_EXPORTER_OTLP_ENDPOINT is set; else cost nothing."""
    if not settings.otlp_endpoint:
        return
    from shared.platform import exporters  # noqa: PLC0415 - only when asked for: 8 MB

    exporters.start(process)


def exports() -> bool:
    """Whether anybody listens."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    headers: Mapping[str, str] | None = None,
    **attributes: str | int,
) -> Generator[Span]:
    """A span around a piece of work; `headers` carry on a trace that began elsewhere."""
    context = propagate.extract(dict(headers)) if headers else None
    with tracer.start_as_current_span(name, context, kind, attributes) as current:
        yield current


def headers() -> dict[str, str]:
    """The current trace as headers for the next process."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def traceparent() -> str | None:
    """The current trace as one string, to be kept beside facts and work."""
    return headers().get("traceparent")


def trace_headers(parent: str | None) -> dict[str, str]:
    """Headers from a kept trace string."""
    return {"traceparent": parent} if parent else {}


def statement(query: "LoggedQuery") -> None:
    """One span per SQL statement, made when it has ended."""
    if not trace.get_current_span().is_recording():
        return
    end = time.time_ns()
    began = end - int(query.elapsed * 1e9)
    name = query.query.split(None, 1)[0].upper() if query.query.strip() else "SQL"
    span = tracer.start_span(
        name,
        kind=SpanKind.CLIENT,
        start_time=began,
        attributes={"db.system.name": "postgresql", "db.query.text": query.query[:2_000]},
    )
    if query.exception is not None:
        span.set_status(StatusCode.ERROR, type(query.exception).__name__)
    span.end(end)
