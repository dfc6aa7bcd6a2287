"""`tenure backup` and `tenure restore`."""

from pathlib import Path

import click

from infra.servers.backup import back_up, make_database, unpack
from infra.suite.configuration import configured
from shared.platform.config import data_folder


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write everything that the installation keeps into FILE.

    It may run meanwhile. The file holds the secret that all passwords come from: keep it as one.

    \b
    Example:
      tenure backup /backups/tenure-monday.tar
    """
    if not file.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {file.absolute().parent}")
    back_up(configured(), file.absolute())
    click.echo(f"{file}: {file.stat().st_size / 2**20:.1f} MiB; keep it as you keep a password.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Make an installation from FILE in an empty data folder; `tenure up` then starts it.

    Keys go on working. Cursors of the risk feed that partners got after the backup was made are
    refused and say where to begin again, since what followed is gone.

    \b
    Example:
      TENURE_DATA_DIR=/srv/tenure tenure restore /backups/tenure-monday.tar
    """
    folder = data_folder()
    unpack(file, folder)
    make_database(configured())
    click.echo(f"{folder} is as it was; `tenure up` starts it.")
