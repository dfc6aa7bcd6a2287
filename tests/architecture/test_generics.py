"""A generic class that can be subscripted and called: `Page[Contract](…)`, on every Python."""

import ast
from collections.abc import Iterator

from tests.architecture.tree import files, name

FAULTY = """
@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: list[T]
"""


def unusable(source: str) -> Iterator[str]:
    """Frozen dataclasses with slots on a subscripted base.

    Python notes on each object what its class was subscripted with. A frozen class refuses the
    note, which is expected; with slots it fails with a TypeError before 3.11.9, 3.12.3 and 3.13.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Subscript) for b in node.bases):
            flags = {
                keyword.arg
                for call in node.decorator_list
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("dataclass")
                for keyword in call.keywords
                if ast.unparse(keyword.value) == "True"
            }
            if {"frozen", "slots"} <= flags:
                yield node.name


def test_no_frozen_generic_dataclass_has_slots() -> None:
    assert list(unusable(FAULTY)) == ["Page"]
    kinds = [f"{name(p)}: {kind}" for p in files("*.py") for kind in unusable(p.read_text())]
    assert not kinds
