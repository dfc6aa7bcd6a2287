"""Every command, where there is no installation and where the address is none: one sentence."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import click
import pytest
from click.testing import CliRunner

from infra.cli.tenure import main

WITHOUT = {"up", "migrate", "restore", "logs", "status", "fit", "score"}
"""Begin an installation, tell that there is none, or need none."""
ARGUMENTS = {
    "backup": ["/tmp/never.tar"],  # noqa: S108 - never written
    "keys create": ["--tenant", "acme"],
    "keys revoke": [str(uuid4())],
    "import events": ["pyproject.toml", "--format", "csv"],
    "import telco": ["data/telco.csv"],
    "export events": ["--tenant", "acme", "--from", "2026-01-01", "--out", "never"],
    "promote": ["--tenant", "acme", "v"],
    "simulate": ["--companies", "50"],
    "models promote": ["--tenant", "acme", "v"],
    "models show": ["--tenant", "acme", "v"],
}
FOR_A_TENANT = ["--tenant", "acme"]
NO_ADDRESS = "mysql://me:hidden@db/x"


def commands(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[str]:
    """All that can be called, by name."""
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        if part := command.get_command(context, name):
            yield from commands(part, (*path, name))


BOUND = sorted(
    name
    for name in commands()
    if name not in WITHOUT and not name.startswith("evaluate")  # in a database of its own
)


def refused(name: str, **env: str) -> str:
    """The one sentence with which a command ends."""
    arguments = [*name.split(), *ARGUMENTS.get(name, FOR_A_TENANT)]
    outcome = CliRunner(env=env).invoke(main, arguments)
    assert outcome.exit_code == 2, outcome.output
    (sentence,) = filter(str.strip, outcome.output.splitlines())  # a bar leaves a line
    assert sentence.startswith("tenure: ")
    return sentence


@pytest.mark.parametrize("name", BOUND)
def test_a_command_outside_its_data_folder_says_so_and_leaves_nothing(name: str, tmp_path: Path):
    folder = tmp_path / "elsewhere"
    assert "there is no installation in" in refused(name, TENURE_DATA_DIR=str(folder))
    assert not folder.exists()

    address = {"TENURE_SECRET": "a secret of tests", "TENURE_DATABASE_URL": NO_ADDRESS}
    sentence = refused(name, TENURE_DATA_DIR=str(folder), **address)
    assert "TENURE_DATABASE_URL" in sentence
    assert "postgresql://user:password@host:port/database" in sentence
    assert "hidden" not in sentence
    assert not folder.exists()
