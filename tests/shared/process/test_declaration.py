"""What a service answers stands in its declaration, under a scope; else it is not answered."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.billing.actions.invoices import INVOICES
from services.billing.store import summary as summary_store
from services.risk.actions import release
from services.risk.forecasting.scores import SOURCES
from services.usage.store import catalogue, history
from shared.platform import config
from shared.platform.db import Conn
from shared.process.rpc import exposures
from shared.process.service import Service
from tests.architecture.tree import files, name
from tests.graph.processes import SERVICES

WIRE = re.compile(rf"({'|'.join(config.SERVICES)})\.[a-z_]+\.[a-z_]+")
BY_ARGUMENT = {"services/risk/actions/release.py"}
"""What one argument of an action needs beyond the action's own scope, it asks itself."""


@pytest.mark.parametrize("part", ["reads", "commands", "bulk_routes", "foreign_routes"])
def test_an_unknown_scope_is_refused_at_start(part: str) -> None:
    for scope in ("root", "system", ""):
        parts: dict[str, Any] = {part: {scope: []}}
        with pytest.raises(ValueError, match=f"there is no scope '{scope}'; there are read, "):
            Service("billing", **parts)


@pytest.mark.parametrize("part", ["reads", "commands", "bulk_routes", "foreign_routes"])
def test_nothing_is_exposed_without_a_scope(part: str) -> None:
    parts: dict[str, Any] = {part: [summary_store.mrr]}
    with pytest.raises(ValueError, match="there is no scope"):
        Service("billing", **parts)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_function_has_a_name_of_its_own_and_can_travel(service: Service) -> None:
    exposed = exposures(service.reads, service.commands)
    listed = [*service.reads.values(), *service.commands.values()]
    assert len(exposed) == sum(map(len, listed))
    for wire, exposure in exposed.items():
        module, function = exposure.run.__module__.rpartition(".")[2], exposure.run.__name__
        assert wire == f"{service.name}.{module}.{function}"


def test_two_functions_of_one_name_are_refused_at_start() -> None:
    async def rollback(conn: Conn) -> int: ...

    rollback.__module__ = release.__name__
    for commands in ([release.rollback, release.rollback], [release.rollback, rollback]):
        with pytest.raises(ValueError, match=r"two functions .* as risk\.release\.rollback"):
            Service("risk", commands={"ml": commands})
    with pytest.raises(ValueError, match=r"two functions .* as risk\.release\.rollback"):
        Service("risk", reads={"read": [rollback]}, commands={"ml": [release.rollback]})


def test_two_routes_of_one_name_are_refused_at_start() -> None:
    with pytest.raises(ValueError, match="two routes would be /v1/invoices"):
        Service("billing", bulk_routes={"ingest": [INVOICES], "admin": [INVOICES]})


def test_functions_of_one_name_in_two_modules_are_two() -> None:
    service = Service("usage", reads={"read": [catalogue.features_by_key, history.retention]})
    assert len(exposures(service.reads, {})) == 2


def test_who_calls_by_name_names_what_is_declared() -> None:
    exposed = {name for service in SERVICES for name in exposures(service.reads, service.commands)}
    called = {name for path in files("*.py") if "tests" not in path.parts for name in _named(path)}
    assert len(called) > 10
    assert called <= exposed


def _named(path: Path) -> Iterator[str]:
    """Texts of a file that read as a name on the wire."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "*" for part in node.values]
            open_name = "".join(map(str, parts))
            texts = [open_name.replace("*", source, 1) for source in SOURCES]
        else:
            texts = [str(node.value)] if isinstance(node, ast.Constant) else []
        yield from filter(WIRE.fullmatch, texts)


def test_no_service_asks_for_a_scope_where_its_declaration_says_it() -> None:
    assert {name(path) for path in files("services/*.py") if _asks(path)} == BY_ARGUMENT


def _asks(path: Path) -> bool:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(getattr(call.func, "attr", "") in ("require", "may") for call in calls)
