"""The type check really finds what it should: each kind of fault is planted once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

# For every kind of fault a few lines that have it, as they would stand in a service.
FAULTS = {
    "missing-import": "import nowhere_at_all",
    "missing-attribute": "from datetime import date\ndate.max.fortnight",
    "bad-argument-type": "def f(n: int) -> int:\n    return n\nf('one')",
    "bad-argument-count": "def f(n: int) -> int:\n    return n\nf(1, 2)",
    "bad-return": "def f(n: int) -> str:\n    return n",
    "bad-assignment": "LIMIT = 1\nLIMIT = 2",
    "bad-override": "class A:\n    n: int = 1\nclass B(A):\n    n: str = ''",
    "bad-instantiation": "from collections.abc import Iterator\nIterator()",
    "bad-typed-dict-key": (
        "from typing import TypedDict\nclass D(TypedDict):\n    a: int\ndef f(d: D) -> int:\n"
        "    return d['b']"
    ),
    "not-required-key-access": (
        "from typing import NotRequired, TypedDict\nclass D(TypedDict):\n    a: NotRequired[int]\n"
        "def f(d: D) -> int:\n    return d['a']"
    ),
    "read-only": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A:\n    n: int\n"
        "A(1).n = 2"
    ),
    "unexpected-keyword": "import msgspec\nclass A(msgspec.Struct):\n    n: int\nA(n=1, m=2)",
    "missing-argument": "import strawberry\n@strawberry.type\nclass A:\n    n: int\nA()",
    "unsupported-operation": "def f(rows: list[int] | None) -> int:\n    return rows[0]",
    "not-callable": "import pandas as pd\npd.DataFrame().no_such()",
    "implicit-any-parameter": "def f(n) -> None:\n    del n",
    "implicit-any-type-argument": "def f(rows: list) -> int:\n    return len(rows)",
    "implicit-any-lambda": "f = lambda n: 1",
    "implicit-any-empty-container": "def f():\n    rows = []\n    return rows",
    "implicit-import": "import xml\nxml.dom",
    "implicit-reexport": "from services.implicit_import import xml",
    "unknown-variable-type": "import json\nrows: list = []  # pyrefly: ignore\nrow = rows[0]",
    "unknown-argument-type": "rows: list = []  # pyrefly: ignore\nprint(rows[0])",
    "unknown-attribute-access": "rows: list = []  # pyrefly: ignore\nrows[0].name",
    "unknown-return-type": "def f(rows: list):  # pyrefly: ignore\n    return rows[0]",
    "untyped-function-decorator": (
        "def d(f):  # pyrefly: ignore\n    return f()\n@d\ndef g() -> int:\n    return 1"
    ),
    "unbound-name": "def f(n: int) -> int:\n    if n:\n        value = 1\n    return value",
    "non-exhaustive-match": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\ndef f(e: E) -> None:\n"
        "    match e:\n        case E.A:\n            pass"
    ),
    "incompatible-comparison": "def f(n: int) -> bool:\n    return n == 'one'",
    "unreachable-except-clause": (
        "try:\n    pass\nexcept OSError:\n    pass\nexcept TimeoutError:\n    pass"
    ),
    "redundant-cast": "from typing import cast\ndef f(n: int) -> int:\n    return cast(int, n)",
    "deprecated": "import asyncio\nasyncio.iscoroutinefunction(print)",
    "protected-access": "class A:\n    _n = 1\nA._n",
    "unused-coroutine": "async def g() -> int:\n    return 1\nasync def f() -> None:\n    g()",
    "unused-ignore": "N: int = 1  # pyrefly: ignore[bad-assignment]",
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the check says of the faults, one a file, under the project's settings."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "services").mkdir()
    for kind, text in FAULTS.items():
        (folder / "services" / f"{_file(kind)}.py").write_text(text + "\n")
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    pyrefly = Path(sys.executable).with_name("pyrefly")
    command = [pyrefly, "check", "--python-interpreter-path", sys.executable]
    command += ["--min-severity", "warn", "--output-format", "min-text"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.stdout.splitlines()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_every_kind_is_found(answers: list[str], kind: str):
    of_file = [line for line in answers if f"/{_file(kind)}.py:" in line]
    assert [line for line in of_file if line.endswith(f"[{kind}]")], of_file


def test_what_is_right_is_not_found_fault_with(answers: list[str]):
    assert len(answers) < 2 * len(FAULTS)


def _file(kind: str) -> str:
    return kind.replace("-", "_")
