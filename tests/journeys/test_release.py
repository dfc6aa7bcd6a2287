"""Training by the worker, promotion, a broken model and the record, through real processes."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import asyncpg
import pytest

from shared.platform import auth
from tests.journeys.processes import Client, Stack, until

RUNS = "{ trainingRuns { nodes { id cause outcome reason model { version aliases } } } }"
CHAMPION = "{ championModel { version } }"
TRAIN = "mutation { modelTrain(input: {}) { run { id cause } userErrors { message } } }"
WITHIN_S = 400
"""A record that could not be written at once is tried again after a minute or two."""


def readiness(stack: Stack) -> tuple[int, dict[str, Any]]:
    """What the risk worker says of itself to one of our own processes."""
    url = f"http://127.0.0.1:{stack.settings.worker_port('risk')}/readyz"
    headers = {auth.HEADER: auth.Signer(stack.settings).seal(auth.system())}
    try:
        with urlopen(Request(url, headers=headers)) as page:
            return page.status, json.load(page)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def status(stack: Stack) -> "subprocess.CompletedProcess[str]":
    """What `tenure status` says."""
    command = [sys.executable, "-m", "infra.cli", "status"]
    environment = stack.environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.stack
async def test_the_worker_trains_when_asked_and_the_record_follows(stack: Stack, partner: Client):
    answer = (await partner.data(TRAIN))["modelTrain"]
    assert answer["userErrors"] == []

    async def ended() -> Any:
        nodes = (await partner.data(RUNS))["trainingRuns"]["nodes"]
        return [node for node in nodes if node["id"] == answer["run"]["id"] and node["outcome"]]

    (run,) = await until(ended, WITHIN_S)
    assert (run["cause"], run["outcome"]) in (("REQUESTED", "PUBLISHED"), ("REQUESTED", "REFUSED"))
    assert run["model"]["version"]

    async def recorded() -> bool:
        path = stack.settings.data_dir / "mlflow" / "mlflow.db"
        if not path.exists():
            return False
        with sqlite3.connect(path) as db:
            rows = db.execute("SELECT value FROM tags WHERE key = 'outcome'").fetchall()
        db.close()
        return len(rows) >= 2

    assert await until(recorded, WITHIN_S)
    assert run["outcome"] in stack.tenure("models", "runs", "--tenant", stack.tenant)


@pytest.mark.stack
async def test_a_champion_is_taken_back_and_a_broken_one_is_seen(stack: Stack, partner: Client):
    first = (await partner.data(CHAMPION))["championModel"]["version"]
    conn = await asyncpg.connect(stack.settings.owner_database_url)
    try:
        whole = await conn.fetchval("SELECT document FROM risk.model WHERE version = $1", first)
        await conn.execute("UPDATE risk.model SET document = '' WHERE version = $1", first)

        async def degraded() -> Any:
            code, body = await asyncio.to_thread(readiness, stack)
            return body["problems"] if code == 503 else None

        (problem,) = await until(degraded, 30)
        assert (problem["version"], problem["serving"]) == (first, first)  # from its memory
        done = await asyncio.to_thread(status, stack)
        assert done.returncode == 1
        assert "risk-worker is degraded: problem model cannot be read" in done.stdout
        await conn.execute("UPDATE risk.model SET document = $2 WHERE version = $1", first, whole)

        async def well() -> bool:
            return (await asyncio.to_thread(readiness, stack))[0] == 200

        await until(well, 30)
    finally:
        await conn.close()
