"""`tenure migrate`: bring the database up to date."""

import asyncio

import click

from infra.servers import access, external
from infra.suite.configuration import configured
from shared.platform.config import Settings
from shared.platform.migrate import migrate_all


@click.command()
def migrate() -> None:
    """Apply the migrations that the database has not seen yet, and say which.

    `tenure up` does this by itself. Alone it is for a database of your own, before new processes
    are rolled out; migrations only ever add, so the old processes keep working meanwhile.

    \b
    Example:
      TENURE_DATABASE_URL=postgresql://owner:secret@db:5432/tenure tenure migrate
    """
    applied = asyncio.run(migrated(configured(begins=True)))
    for name in applied:
        click.echo(name)
    click.echo(f"{len(applied)} migrations applied; the database is up to date.")


async def migrated(settings: Settings) -> list[str]:
    """Names of what was applied; one sentence when there is no database to be had."""
    await external.check(settings)
    async with access.owner(settings):
        return await migrate_all(settings)
