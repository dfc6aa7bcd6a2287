"""What hears other services' facts: a page at a time, typed by its annotation."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, get_args, get_type_hints

from opentelemetry.trace import SpanKind

from shared.platform import telemetry
from shared.platform.db import Conn
from shared.process.facts import LogEntry

Listener: TypeAlias = Callable[[Conn, Sequence[Any]], Awaitable[None]]
"""An action `(conn, facts: Sequence[SomeFact])`: facts of one tenant, by account and of each
account in their order. What it reads of a fact is what its annotation says."""
Listeners: TypeAlias = Mapping[Listener, Sequence[str]]
"""Which types of fact each listener hears; several hear in the order they are declared in."""


@cache
def fact_type(listener: Listener) -> type[Any]:
    """What a listener reads of each fact; a TypeError if it does not say."""
    hints = [kind for name, kind in get_type_hints(listener).items() if name != "return"]
    match [get_args(kind) for kind in hints[1:]]:
        case [(type() as kind,)]:
            return kind
        case _:
            raise TypeError(f"{listener.__qualname__} does not say which facts it hears")


async def hear(conn: Conn, listeners: Listeners, entries: Iterable[LogEntry]) -> None:
    """Tell each listener what it hears of these entries of one tenant."""
    ordered = sorted(entries, key=lambda entry: (entry.account_id, entry.position))
    for listener, types in listeners.items():
        own = [entry for entry in ordered if entry.type in types]
        if own:
            kind = fact_type(listener)
            headers = telemetry.trace_headers(own[0].trace)
            name = f"process {own[0].type}"
            with telemetry.span(name, SpanKind.CONSUMER, headers, facts=len(own)):
                await listener(conn, [entry.fact(kind) for entry in own])
