"""The embedded servers: their data outlive every end, and every refusal is a sentence."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
import redis
from psutil import Process

from infra.servers.embedded import Running, start_postgres, start_valkey
from infra.servers.places import SYSTEM_FOLDERS
from infra.servers.postgres import PACKAGE, erase
from infra.supervising.errors import StartError
from shared.platform.config import Settings
from tests.conftest import free_port
from tests.infra.conftest import as_root


async def execute(dsn: str, statement: str) -> object:
    conn = await asyncpg.connect(dsn, timeout=5)
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


async def test_what_postgres_was_told_is_there_after_a_restart(settings: Settings):
    with start_postgres(settings) as server:
        await execute(server.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    with start_postgres(settings) as server:
        assert await execute(server.dsn, "SELECT n FROM kept") == 42


async def test_what_postgres_acknowledged_outlives_kill_9(settings: Settings):
    server = start_postgres(settings)
    await execute(server.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(server.pid, signal.SIGKILL)

    with start_postgres_when_free(server, settings) as again:
        assert await execute(again.dsn, "SELECT n FROM kept") == 42


def start_postgres_when_free(killed: Running, settings: Settings) -> Running:
    killed.stop()  # only reaps it: the process is gone
    return start_postgres(settings)


async def test_postgres_asks_for_its_password_and_listens_on_the_loopback_only(settings: Settings):
    with start_postgres(settings) as server:
        password = settings.derived("db:owner")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await execute(server.dsn.replace(password, "wrong"), "SELECT 1")
        assert await execute(server.dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert await execute(server.dsn, "SHOW unix_socket_directories") == ""
        assert Process(server.pid).uids().real != 0


def test_what_valkey_was_told_outlives_kill_9(settings: Settings):
    server = start_valkey(settings)
    client = redis.Redis.from_url(server.dsn)
    client.set("kept", "42")
    client.close()
    os.kill(server.pid, signal.SIGKILL)
    server.stop()

    with start_valkey(settings) as server, redis.Redis.from_url(server.dsn) as client:
        assert client.get("kept") == b"42"


def test_valkey_asks_for_its_password(settings: Settings):
    with (
        start_valkey(settings) as server,
        redis.Redis(port=settings.valkey_port, password="wrong") as client,
    ):
        with pytest.raises(redis.AuthenticationError):
            client.ping()
        assert (settings.data_dir / "valkey/valkey.conf").stat().st_mode & 0o077 == 0
        assert server.dsn == settings.redis_dsn


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A folder that only its owner may enter."""
    tmp_path.chmod(0o700)
    return tmp_path


@as_root
async def test_under_a_closed_home_the_data_lie_where_nobody_can_reach_them(
    settings_in: Callable[[Path], Settings], closed_folder: Path
):
    settings = settings_in(closed_folder)
    with start_postgres(settings) as server:
        await execute(server.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    with start_postgres(settings) as server:
        assert await execute(server.dsn, "SELECT n FROM kept") == 42

    link = settings.data_dir / "postgres"
    assert link.is_symlink()
    elsewhere = link.readlink()
    erase(settings)
    assert not elsewhere.parent.exists()
    assert not link.is_symlink()


@pytest.fixture
def closed_wheel(closed_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The PostgreSQL wheel installed where other accounts cannot enter."""
    spec = find_spec(PACKAGE)
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    shutil.copytree(package, closed_folder / package.name, symlinks=True)
    shutil.copytree(f"{package}.libs", closed_folder / f"{package.name}.libs", symlinks=True)
    before = {folder for base in SYSTEM_FOLDERS for folder in base.glob("postgres-*")}
    monkeypatch.syspath_prepend(str(closed_folder))
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    yield closed_folder
    for base in SYSTEM_FOLDERS:
        for folder in set(base.glob("postgres-*")) - before:
            shutil.rmtree(folder)


@as_root
async def test_programs_under_a_closed_home_are_copied_to_where_they_can_be_run(
    closed_wheel: Path, settings: Settings
):
    with start_postgres(settings) as server:
        assert not server.program.command[0].startswith(str(closed_wheel))
        assert await execute(server.dsn, "SELECT 1") == 1


def test_a_taken_port_is_named_with_the_setting(settings: Settings):
    sentence = rf"Port {settings.postgres_port} .*TENURE_PORT"
    with (
        socket.create_server(("127.0.0.1", settings.postgres_port)),
        pytest.raises(StartError, match=sentence),
    ):
        start_postgres(settings)


def test_a_second_server_on_the_same_data_is_refused(settings: Settings):
    with (
        start_postgres(settings) as server,
        pytest.raises(StartError, match=f"already in use by process {server.pid}"),
    ):
        start_postgres(replace(settings, port=free_port()))


def test_the_lock_of_a_dead_server_whose_number_a_stranger_has_is_no_obstacle(settings: Settings):
    start_postgres(settings).stop()
    folder = (settings.data_dir / "postgres").resolve()
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
    start_postgres(settings).stop()


def test_a_half_made_cluster_is_made_anew_and_what_was_not_to_be_kept_is_gone(settings: Settings):
    draft = settings.data_dir / "postgres.draft"
    draft.mkdir()
    (draft / "rubbish").touch()
    start_postgres(settings, durable=False, keep=False).stop()
    assert {path.name for path in settings.data_dir.iterdir()} == {"logs"}
