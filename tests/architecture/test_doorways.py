"""Doorways are empty, names say where they are from, what services share lies in one place."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.tree import ROOT

OWN = ("benchmarks", "graph", "infra", "ml", "services", "shared", "tests")
FILES = sorted(
    path
    for folder in OWN
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in str(path)
)
SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/app.py"))
PARTS = ("actions", "domain", "schema", "store")
AT_HOME = {
    "AccountFields": "account_fields",
    "MemberFields": "member_fields",
    "Mutation": "mutations",
    "NODES": "nodes",
    "Query": "queries",
}
"""Where each service's schema keeps what every service may have."""


class Import(NamedTuple):
    """One of our own names, as a file binds it."""

    file: str
    path: str
    name: str
    alias: str

    @property
    def is_module(self) -> bool:
        place = ROOT.joinpath(*self.path.split("."), self.name)
        return place.is_dir() or place.with_suffix(".py").exists()

    @property
    def scope(self) -> str:
        """Where a name means one thing only: a service, a folder of tests, or one of our trees."""
        first, *others = Path(self.file).parent.parts
        if first == "tests":
            return str(Path(self.file).parent)
        return f"{first}/{others[0]}" if first == "services" and others else first


def imports() -> Iterator[Import]:
    for path in FILES:
        file = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OWN:
                for name in node.names:
                    yield Import(file, str(node.module), name.name, name.asname or name.name)


IMPORTS = list(imports())


def is_plain(imported: Import) -> bool:
    """Whether an alias is made of the words of the path it stands for."""
    parts = imported.path.split(".")
    allowed = {f"{imported.name}_{part}" for part in parts} | {
        f"{part}_{imported.name}" for part in parts
    }
    if not imported.is_module and imported.name.isupper():
        allowed |= set(parts)  # SERVICE as ACCOUNTS: a constant that several modules have
    return imported.alias == imported.name or imported.alias.lower() in {
        word.lower() for word in allowed
    }


def test_doorways_are_empty() -> None:
    full = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.name == "__init__.py"
        and [node for node in ast.parse(path.read_text()).body if not is_docstring(node)]
    ]
    assert not full


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_an_alias_says_topic_and_part() -> None:
    assert not [imported for imported in IMPORTS if not is_plain(imported)]


@pytest.mark.parametrize(
    ("path", "name", "alias", "allowed"),
    [
        ("services.risk.store", "release", "release_store", True),
        ("services.accounts.schema", "queries", "accounts_queries", True),
        ("services.accounts.app", "SERVICE", "ACCOUNTS", True),
        ("services.risk.store", "release", "release", True),
        ("services.usage.domain.sessions", "Session", "Spell", False),
        ("services.risk.store", "release", "store", False),
        ("services.risk.store", "release", "releases", False),
    ],
)
def test_what_an_alias_may_be(path: str, name: str, alias: str, allowed: bool) -> None:
    assert is_plain(Import("", path, name, alias)) is allowed


def test_a_name_means_one_module_throughout_a_service_or_tree() -> None:
    bound: dict[tuple[str, str], set[str]] = defaultdict(set)
    for imported in IMPORTS:
        if imported.is_module:
            bound[imported.scope, imported.alias].add(f"{imported.path}.{imported.name}")
    assert not {name: sorted(paths) for name, paths in bound.items() if len(paths) > 1}


def test_a_part_is_a_folder_from_the_first_day() -> None:
    assert len(SERVICES) == 5
    flat = [
        f"{service.name}/{part}.py"
        for service in SERVICES
        for part in PARTS
        if (service / f"{part}.py").exists()
    ]
    assert not flat


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_every_schema_may_have_lies_in_the_same_file(service: Path) -> None:
    strays = {
        f"{path.stem}.{name}"
        for path in (service / "schema").glob("*.py")
        for name in defined(path)
        if AT_HOME.get(name, path.stem) != path.stem
    }
    assert not strays


def defined(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_no_schema_converts_by_hand() -> None:
    """A type says what it shows; see shared/graphql/showing.py."""
    by_hand = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        if "schema" in path.parts or path.is_relative_to(ROOT / "graph")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "of"
    ]
    assert not by_hand
