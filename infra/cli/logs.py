"""`tenure logs`: what the processes wrote."""

import time
from pathlib import Path

import click

from infra.suite.configuration import override_environment
from infra.supervising.program import last_lines
from shared.platform.config import data_folder
from shared.vocabulary.errors import InvalidInput

LOOK_EVERY_S = 0.3


@click.command()
@click.argument("name", required=False)
@click.option("--lines", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where the data lie.  [TENURE_DATA_DIR]",
)
def logs(name: str | None, lines: int, follow: bool, data_dir: str | None) -> None:
    """Show the newest lines of a process, or which processes have written something.

    The terminal of `tenure up` shows only what is wrong; everything else is here.

    \b
    Examples:
      tenure logs
      tenure logs risk-worker
      tenure logs postgres --lines 500
      tenure logs gateway --follow
    """
    override_environment(TENURE_DATA_DIR=data_dir)
    folder = data_folder() / "logs"
    names = sorted(path.stem for path in folder.glob("*.log"))
    if name is None:
        click.echo("\n".join(_listed(folder, names)) or f"Nothing has run on {folder.parent} yet.")
        return
    if name not in names:
        raise InvalidInput("NAME", name, ", ".join(names) or "nothing: no process has run yet")
    path = folder / f"{name}.log"
    for line in last_lines(path, lines, max_bytes=lines * 2_048):
        click.echo(line)
    if follow:
        _follow(path)


def _listed(folder: Path, names: list[str]) -> list[str]:
    return [
        f"{name:<18} {(folder / f'{name}.log').stat().st_size / 1024:>8.0f} KiB" for name in names
    ]


def _follow(path: Path) -> None:
    """Pass on what is appended; a log that was put aside for a new one goes on with that."""
    place = path.stat().st_size
    while True:
        size = path.stat().st_size if path.exists() else 0
        if size < place:
            place = 0
        if size > place:
            with path.open("rb") as file:
                file.seek(place)
                part = file.read(size - place)
            place += len(part)
            click.echo(part.decode(errors="replace"), nl=False)
        time.sleep(LOOK_EVERY_S)
