"""Every fact that a service tells is read by every service that listens, value by value.

Examples are made from the teller's own class; what it may leave empty is there, empty, and absent,
as in facts from before it was told.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from itertools import count
from types import ModuleType, NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import msgspec
import pytest

from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.risk.app import SERVICE as RISK
from services.usage.app import SERVICE as USAGE
from shared.process.facts import LogEntry
from shared.process.listeners import fact_type

SERVICES = (ACCOUNTS, USAGE, BILLING, LEARNING, RISK)
TOLD_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
NUMBERS = count(3)


@dataclass(frozen=True)
class Pair:
    """A fact of one service, and what another reads of it."""

    source: str
    name: str
    service: str
    reads: type

    def __str__(self) -> str:
        return f"{self.service}.{self.reads.__name__}<{self.source}.{self.name}"

    @property
    def teller(self) -> type:
        """The class that is told under this name."""
        kinds = {
            value
            for module in modules(f"services.{self.source}.domain")
            for value in vars(module).values()
            if is_dataclass(value) and getattr(value, "__name__", "") == self.name
        }
        assert len(kinds) == 1, f"{self.source} tells no {self.name}"
        return kinds.pop()  # type: ignore[return-value] - a class


def modules(name: str) -> Iterator[ModuleType]:
    """A module and all below it."""
    top = importlib.import_module(name)
    yield top
    for below in pkgutil.iter_modules(getattr(top, "__path__", [])):
        yield from modules(f"{name}.{below.name}")


PAIRS = [
    Pair(source, name, service.name, fact_type(listener))
    for service in SERVICES
    for source, listeners in service.listeners.items()
    for listener, names in listeners.items()
    for name in names
]


def optional(kind: Any) -> bool:
    return get_origin(kind) is UnionType and NoneType in get_args(kind)


def example(kind: Any) -> Any:
    """A value of a type, none like another."""
    if get_origin(kind) is UnionType:
        return example(next(each for each in get_args(kind) if each is not NoneType))
    if get_origin(kind) is list:
        return [example(get_args(kind)[0]) for _ in range(2)]
    if is_dataclass(kind):
        return kind(**{name: example(each) for name, each in get_type_hints(kind).items()})
    if issubclass(kind, Enum):
        return list(kind)[-1]
    return PLAIN[kind]()


PLAIN = {
    UUID: uuid4,
    str: lambda: f"text {next(NUMBERS)}",
    bool: lambda: True,
    int: lambda: next(NUMBERS),
    float: lambda: next(NUMBERS) + 0.5,
    date: lambda: date(2026, 1, 1).replace(day=next(NUMBERS) % 28 + 1),
    datetime: lambda: TOLD_AT.replace(minute=next(NUMBERS) % 60),
}


def entry(pair: Pair, payload: dict[str, Any]) -> LogEntry:
    """The fact as it comes over the wire."""
    logged = LogEntry(1, uuid4(), uuid4(), uuid4(), 1, pair.name, payload, TOLD_AT, TOLD_AT, None)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(logged), type=LogEntry)


def disagreements(fact: Any, read: Any, at: str = "") -> list[str]:
    """Where what was read is not what was told; whoever reads may leave fields out."""
    if isinstance(read, dict):
        unknown = [f"{at}.{name} is not told" for name in read.keys() - fact.keys()]
        both = read.keys() & fact.keys()
        return unknown + [
            each for name in both for each in disagreements(fact[name], read[name], f"{at}.{name}")
        ]
    if isinstance(read, list) and len(read) == len(fact):
        pairs = enumerate(zip(fact, read, strict=True))
        return [each for n, (a, b) in pairs for each in disagreements(a, b, f"{at}[{n}]")]
    return [] if fact == read else [f"{at} {fact} was read as {read}"]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_what_is_told_is_read(pair: Pair) -> None:
    fact = msgspec.to_builtins(example(pair.teller))

    read = msgspec.to_builtins(entry(pair, fact).fact(pair.reads))

    assert disagreements(fact, read) == []


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_what_may_be_empty_may_be_absent_too(pair: Pair) -> None:
    fact = msgspec.to_builtins(example(pair.teller))
    hints = get_type_hints(pair.teller)
    for name in (each.name for each in fields(pair.teller) if optional(hints[each.name])):
        rest = {key: value for key, value in fact.items() if key != name}
        empty = entry(pair, {**rest, name: None}).fact(pair.reads)
        absent = entry(pair, rest).fact(pair.reads)
        assert getattr(empty, name, None) == getattr(absent, name, None) is None


def test_what_does_not_say_when_it_was_recorded_was_when_it_was_told() -> None:
    for pair in PAIRS:
        fact = msgspec.to_builtins(example(pair.teller))
        fact.pop("recorded_at", None)
        read = entry(pair, fact).fact(pair.reads)
        assert getattr(read, "recorded_at", TOLD_AT) == TOLD_AT, str(pair)
