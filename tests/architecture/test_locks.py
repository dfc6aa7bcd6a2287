"""What a transaction locks is said in one place of each service, and is never another tenant's."""

import ast
import re

from shared.platform.config import SERVICES
from shared.platform.db import Conn
from tests.architecture.tree import files, name

PLACES = {"shared/platform/migrate.py", "shared/intake/versioned.py"}
LOCKS = ("pg_advisory", "lock_ids($", "hold_accounts($")
LOCK = re.compile(r"pg_(?:try_)?advisory_\w+\(")
REACH = 200
"""Characters after the call within which it has to say whose lock it is."""

TENANT = re.compile(r"tenure\.tenant|accounts_lock\(\)")


def unnamed(text: str) -> list[str]:
    """Locks that do not say of which tenant they are."""
    calls = [text[match.start() : match.start() + REACH] for match in LOCK.finditer(text)]
    return [call for call in calls if not TENANT.search(call)]


def test_every_lock_in_the_code_of_services_names_its_tenant() -> None:
    calls = {
        name(path): calls
        for path in files("services/*.py", "services/*/store/*.sql")
        if (calls := unnamed(path.read_text()))
    }
    assert not calls


async def test_every_lock_in_their_functions_names_its_tenant(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT p.oid::regproc::text AS name, prosrc FROM pg_proc AS p"
        " JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = ANY ($1)",
        list(SERVICES),
    )
    assert any(LOCK.search(row["prosrc"]) for row in rows)
    assert not {row["name"]: calls for row in rows if (calls := unnamed(row["prosrc"]))}


async def test_the_lock_that_names_no_tenant_itself_does_so_in_its_key(owner: Conn) -> None:
    key = await owner.fetchval("SELECT pg_get_functiondef('risk.accounts_lock'::regproc)")
    assert "tenure.tenant" in key


def test_locks_stand_in_one_file_of_a_store_and_say_what_they_lock():
    locking = {
        name(path)
        for path in files("services/*.py", "shared/*.py", "graph/*.py", "infra/*.py", "ml/*.py")
        if any(lock in path.read_text() for lock in LOCKS)
    }
    assert {path for path in locking - PLACES if not path.endswith("/store/locks.py")} == set()
    unnamed = [
        f"{name(path)}: {line}"
        for path in files("services/*/store/locks.py")
        for line in path.read_text().splitlines()
        if line.startswith("async def ") and not line.startswith("async def lock_")
    ]
    assert not unnamed


def test_facts_are_emitted_before_work_is_marked_or_finished():
    """Else a transaction holds work while it waits for an account, and another one the reverse."""
    late = [
        f"{name(path)}: {function.name}"
        for path in files("services/*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.AsyncFunctionDef)
        for calls in [_calls(function)]
        if any(call.startswith("facts.emit") for call in calls[_first_work(calls) :])
    ]
    assert not late


def _calls(function: ast.AsyncFunctionDef) -> list[str]:
    """What it calls, in the order in which it is written."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [
        ast.unparse(call.func) for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset))
    ]


def _first_work(calls: list[str]) -> int:
    at = [place for place, call in enumerate(calls) if call in ("work.mark", "work.finish")]
    return min(at, default=len(calls))
