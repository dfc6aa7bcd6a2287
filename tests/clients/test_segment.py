"""Segment's own libraries, unchanged but for the host, against the gateway and the service."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared.platform.config import Settings
from shared.platform.db import Conn
from tests.conftest import DatabaseOf
from tests.services.usage.examples import an_account
from tests.services.usage.processes import a_key, served

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "clients"
INSTALL_WITHIN_S = 120


def installed(lock: Path, command: list[str]) -> Path:
    """Where a lock file is installed, once, in the cache; skips where there is no registry."""
    folder = CACHE / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(HERE / name, folder / name)
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False,
                timeout=INSTALL_WITHIN_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            pytest.skip(f"{command[0]} did not finish within {INSTALL_WITHIN_S} s: no registry")
        if done.returncode:
            pytest.skip(f"{command[0]} cannot install: {done.stderr[-300:]}")
        (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The Node library; skips where that cannot be."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("there is no Node here")
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    return installed(HERE / "package-lock.json", command) / "node_modules"


@pytest.fixture(scope="session")
def site_packages() -> Path:
    """The Python library, beside our own packages, for it holds some of them back."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("there is no uv beside this Python")
    command = [
        str(uv), "pip", "install", "--python", sys.executable, "--target", "packages",
        "--require-hashes", "-r", "requirements.txt",
    ]  # fmt: skip
    return installed(HERE / "requirements.txt", command) / "packages"


async def check(
    command: list[str], settings: Settings, database: DatabaseOf, tenant: UUID, owner: Conn,
    env: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Run the library against a running gateway and see its events counted where they belong."""
    db = await database("usage")
    acme = await an_account(db, tenant, ("segment", "g1"))
    globex = await an_account(db, tenant, ("segment", "g2"))
    key = await a_key(settings, tenant, "ingest")
    begun = datetime.now(UTC)
    async with served(settings) as http:
        process = await asyncio.create_subprocess_exec(
            *command[:2], http.gateway, key, *command[2:],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})},
        )  # fmt: skip
        out, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complaints.decode()
    assert json.loads(out) == [], complaints.decode()
    rows = await owner.fetch("SELECT account_id, member, feature, occurred_at FROM usage.event")
    assert Counter((row["account_id"], row["member"], row["feature"]) for row in rows) == {
        (acme, "ann", "Report Built"): 25, (acme, "ann", "Yesterday"): 1,
        (acme, "ann", "page:Start"): 1, (acme, "ann", "screen:Home"): 1,
        (globex, "bob", "Elsewhere"): 1,
    }  # fmt: skip
    (yesterday,) = [row["occurred_at"] for row in rows if row["feature"] == "Yesterday"]
    assert abs(begun - timedelta(days=1) - yesterday) < timedelta(seconds=30)
    (waiting,) = await owner.fetch("SELECT external_id, feature FROM usage.pending_event")
    assert tuple(waiting) == ("nobody", "Waiting")
    assert await owner.fetchval("SELECT count(*) FROM usage.rejected_event") == 0
    names = await owner.fetch("SELECT name, person FROM usage.alias ORDER BY name")
    assert [tuple(row) for row in names] == [("ann", "anna"), ("anna", "anna")]
    group = "SELECT group_id FROM usage.segment_group WHERE member = 'anna'"
    assert await owner.fetchval(group) == "g1"


@pytest.mark.parametrize("packed", ["plain", "gzip"])
async def test_segment_analytics_python_works_by_changing_the_host(
    settings: Settings,
    database: DatabaseOf,
    tenant: UUID,
    owner: Conn,
    packed: str,
    site_packages: Path,
) -> None:
    command = [sys.executable, str(HERE / "segment_python.py"), packed]
    await check(command, settings, database, tenant, owner, {"PYTHONPATH": str(site_packages)})


async def test_segment_analytics_node_works_by_changing_the_host(
    settings: Settings, database: DatabaseOf, tenant: UUID, owner: Conn, node_modules: Path
) -> None:
    command = ["node", str(HERE / "segment_node.cjs")]
    await check(command, settings, database, tenant, owner, {"NODE_PATH": str(node_modules)})
