"""A backup made while everything runs is an installation again, and knows what it lost."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.servers import postgres
from shared.platform.config import Settings
from tests.conftest import for_test
from tests.journeys.conftest import with_key
from tests.journeys.processes import Client, Stack, client, environment, up

ROWS = [
    {"externalId": {"source": "crm", "id": str(number)}, "name": f"Company {number}"}
    for number in range(20)
]
NAMES = "{ accounts(first: 50) { nodes { name } } }"


@contextmanager
def started(settings: Settings) -> Generator[None]:
    process = up(settings, settings.data_dir.parent / "up.log", "--no-demo")
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def restore(settings: Settings, file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra.cli", "restore", str(file)]
    return subprocess.run(
        command, env=environment(settings), capture_output=True, text=True, check=False
    )


async def names(partner: Client) -> set[str]:
    data = await partner.data(NAMES)
    return {node["name"] for node in data["accounts"]["nodes"]}


@pytest.mark.long
@pytest.mark.stack
async def test_a_backup_becomes_an_installation_again(tmp_path: Path) -> None:
    first = for_test(tmp_path / "first")
    file = tmp_path / "monday.tar"
    with started(first):
        stack = await with_key(Stack(first, "", "acme"))
        async with client(stack) as partner:
            await partner.post("accounts", ROWS[:10])
            await asyncio.to_thread(stack.tenure, "backup", str(file))
            await partner.post("accounts", ROWS[10:])
    assert file.stat().st_mode & 0o077 == 0

    second = replace(for_test(tmp_path / "second"), secret=first.secret)
    (second.data_dir / "secret").unlink()
    try:
        done = restore(second, file)
        assert done.returncode == 0, done.stderr
        assert restore(second, file).returncode == 2
        with started(second):
            again = await with_key(Stack(second, "", "acme"))
            async with client(replace(again, key=stack.key)) as partner:
                assert await names(partner) == {row["name"] for row in ROWS[:10]}
                receipts: list[dict[str, Any]] = await partner.post("accounts", ROWS[10:])
                assert {receipt["status"] for receipt in receipts} == {"accepted"}
    finally:
        for settings in (first, second):
            postgres.erase(settings)


def test_what_is_no_backup_is_refused_in_a_sentence(tmp_path: Path) -> None:
    settings = for_test(tmp_path / "data")
    (settings.data_dir / "secret").unlink()
    file = tmp_path / "letter.tar"
    file.write_text("Dear all")
    done = restore(settings, file)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be read as a backup" in done.stderr
    assert not (settings.data_dir / "postgres").exists()
