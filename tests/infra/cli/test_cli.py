"""The command line: help that teaches, refusals of one sentence, exit codes for scripts."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cli.tenure import COMMANDS
from infra.supervising.status_board import FolderLock
from shared.platform.config import Settings
from tests.infra.conftest import as_other

OURS = (
    "up",
    "status",
    "logs",
    "migrate",
    "keys",
    "keys create",
    "keys list",
    "keys revoke",
    "work",
    "work list",
    "work retry",
)


def tenure(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infra.cli", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(*arguments: str, **env: str) -> str:
    done = tenure(*arguments, **env)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("tenure: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def at(settings: Settings) -> dict[str, str]:
    return {"TENURE_PORT": str(settings.port), "TENURE_DATA_DIR": str(settings.data_dir)}


def test_help_lists_every_command_without_loading_any():
    loaded = "import sys, infra.cli.tenure; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", loaded], text=True)
    assert modules.split().count("infra.cli.tenure") == 1
    assert modules.count("infra.cli.") == 1
    output = tenure("--help").stdout
    assert all(f"  {name}" in output for name in COMMANDS)


@pytest.mark.parametrize("command", OURS)
def test_help_of_each_command_shows_how_it_is_used(command: str):
    output = tenure(*command.split(), "--help").stdout
    assert f"Usage: tenure {command}" in output
    assert "Example" in output or "Commands:" in output


def test_logs_are_listed_and_shown_by_name(settings: Settings):
    folder = settings.data_dir / "logs"
    folder.mkdir(parents=True)
    assert "Nothing has run" in tenure("logs", **at(settings)).stdout
    (folder / "usage.log").write_text("".join(f"line {n}\n" for n in range(1_000)))
    assert tenure("logs", **at(settings)).stdout.startswith("usage ")
    newest = tenure("logs", "usage", "--lines", "2", **at(settings)).stdout
    assert newest == "line 998\nline 999\n"
    assert "usage" in refused("logs", "nobody", **at(settings))


def test_a_second_start_on_the_same_folder_says_so(settings: Settings):
    lock = FolderLock(settings.data_dir)
    assert f"already runs on {settings.data_dir}" in refused("up", **at(settings))
    lock.release()


def test_a_taken_port_of_any_process_is_named(settings: Settings):
    with socket.create_server(("127.0.0.1", settings.service_port("billing"))):
        message = refused("up", "--no-demo", **at(settings))
    assert f"Port {settings.service_port('billing')} (billing) is taken" in message


def test_a_wrong_dsn_and_a_wrong_redis_are_one_sentence_each(settings: Settings):
    nothing = f"127.0.0.1:{settings.port}"
    dsn = f"postgresql://me:sesame@{nothing}/tenure"
    message = refused("up", "--no-demo", **at(settings), TENURE_DATABASE_URL=dsn)
    assert f"No PostgreSQL can be used at {nothing} (TENURE_DATABASE_URL)" in message
    redis = f"redis://{nothing}"
    message = refused("up", "--no-demo", **at(settings), TENURE_REDIS_URL=redis)
    assert f"No Redis can be used at {nothing} (TENURE_REDIS_URL)" in message


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    message = refused("up", TENURE_DATA_DIR=str(tmp_path / "file" / "folder"))
    assert "Cannot read and write" in message
    assert "TENURE_DATA_DIR" in message


@as_other
def test_a_folder_of_another_is_one_sentence(tmp_path: Path):
    tmp_path.chmod(0o500)
    assert "permission denied" in refused("up", TENURE_DATA_DIR=str(tmp_path / "folder"))


def test_a_port_that_is_none_is_one_sentence(tmp_path: Path):
    message = refused("up", TENURE_PORT="99999", TENURE_DATA_DIR=str(tmp_path))
    assert "TENURE_PORT: '99999' is not allowed" in message


def test_status_of_nothing_has_a_code_of_its_own(settings: Settings):
    done = tenure("status", **at(settings))
    assert done.returncode == 3
    assert "is not running" in done.stdout


def test_keys_without_a_server_say_what_to_start(settings: Settings):
    (settings.data_dir / "secret").write_bytes(settings.secret)
    assert "start everything with `tenure up` first" in refused("keys", "list", **at(settings))
