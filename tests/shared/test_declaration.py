"""What a service answers stands in its declaration, under a scope; else it is not answered."""

import ast
from pathlib import Path
from typing import Any

import pytest

from services.billing import store
from shared.process.service import Service
from tests.architecture.tree import files, name

BY_ARGUMENT = {"services/risk/actions/release.py"}
"""What one argument of an action needs beyond the action's own scope, it asks itself."""


@pytest.mark.parametrize("part", ["reads", "commands", "kinds", "inlets"])
def test_an_unknown_scope_is_refused_at_start(part: str) -> None:
    for scope in ("root", "system", ""):
        parts: dict[str, Any] = {part: {scope: []}}
        with pytest.raises(ValueError, match=f"there is no scope '{scope}'; there are read, "):
            Service("billing", **parts)


@pytest.mark.parametrize("part", ["reads", "commands", "kinds", "inlets"])
def test_nothing_is_exposed_without_a_scope(part: str) -> None:
    parts: dict[str, Any] = {part: [store.mrr]}
    with pytest.raises(ValueError, match="there is no scope"):
        Service("billing", **parts)


def test_no_service_asks_for_a_scope_where_its_declaration_says_it() -> None:
    assert {name(path) for path in files("services/*.py") if _asks(path)} == BY_ARGUMENT


def _asks(path: Path) -> bool:
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(getattr(call.func, "attr", "") in ("require", "may") for call in calls)
