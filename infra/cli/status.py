"""`tenure status`: what is up."""

import sys

import click

from infra.suite import programs
from infra.suite.configuration import configured, override_environment
from infra.suite.status_table import show
from infra.supervising.status_board import Line, alive, state_of
from infra.supervising.terminal import Terminal
from shared.platform.config import data_folder


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where the data lie.  [TENURE_DATA_DIR]",
)
def status(data_dir: str | None) -> None:
    """Show every program with its process, port, restarts and memory.

    \b
    Examples:
      tenure status
      tenure status --data-dir ~/second
      watch tenure status

    \b
    The exit code says the same to scripts:
      0  ready, and every program is up
      1  running, but starting, or something is down or degraded, as with a broken model
      3  not running
    """
    override_environment(TENURE_DATA_DIR=data_dir)
    folder = data_folder()
    state = state_of(folder)
    if not alive(state.get("pid"), state.get("created")):
        click.echo(f"Tenure is not running on {folder}; `tenure up` starts it.")
        sys.exit(3)
    lines = [Line(**line) for line in state["programs"]]
    click.echo(f"{state['address']}  process {state['pid']}  {state['phase']}")
    show(lines, Terminal())
    degraded = programs.problems(configured())
    for line in degraded:
        click.echo(line)
    well = not degraded and state["phase"] == "ready" and all(line.status == "up" for line in lines)
    sys.exit(0 if well else 1)
