"""`tenure work`: what was given up, and another try."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import click

from infra.servers import access
from infra.suite.configuration import configured
from shared.platform import auth
from shared.platform.config import WORKERS, Settings
from shared.platform.db import Database, connect
from shared.process import given_up
from shared.process.given_up import GivenUp

TENANT = click.option("--tenant", metavar="NAME", help="Only of this tenant, as in `demo`.")
LIST = click.option(
    "--list", "list_name", metavar="LIST", help="Only of this list, as in `risk.rescore`."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was given up of one list of one tenant, and the database it lies in."""

    db: Database
    name: str
    tenant: str
    given_up: GivenUp


@click.group()
def work() -> None:
    """Show what was given up after its tries, and try it again.

    What a worker has to do stands on lists, as `risk.rescore` (accounts to be scored); what a
    service could not take from another's log stands on one as `risk.facts-of-usage`. Whatever fails
    is tried again by itself: work 12 times in three quarters of an hour, facts 5 times. A service
    or database that is away does not count. What fails each time is given up: `tenure status` says
    so, and here it is. Everything must be running (`tenure up`), or TENURE_DATABASE_URL set.
    """


@work.command("list")
@TENANT
@LIST
def list_(tenant: str | None, list_name: str | None) -> None:
    """List what was given up: tenant, list, how many things, the error of one.

    \b
    Examples:
      tenure work list
      tenure work list --tenant demo --list risk.rescore
    """
    count = asyncio.run(_each(tenant, list_name, again=False))
    if not count:
        click.echo("Nothing is given up.")


@work.command()
@TENANT
@LIST
def retry(tenant: str | None, list_name: str | None) -> None:
    """Try again what was given up, once its cause is gone.

    Work begins anew, with all its tries. Facts go back to where those of their account wait, in the
    order in which they were told.

    \b
    Examples:
      tenure work retry
      tenure work retry --tenant demo
      tenure work retry --list risk.facts-of-usage
    """
    count = asyncio.run(_each(tenant, list_name, again=True))
    click.echo(f"Things that are tried again: {count}")


async def _each(tenant: str | None, list_name: str | None, *, again: bool) -> int:
    """Show what was given up, and begin anew with it if asked to; of how many things."""
    count = 0
    async with _entries(configured(), tenant, list_name) as entries:
        for entry in entries:
            it = entry.given_up
            click.echo(f"{entry.tenant}  {entry.name}  {it.things}  {it.error.splitlines()[0]}")
            count += await given_up.retry(entry.db, it.tenant_id, it.list) if again else it.things
    return count


@asynccontextmanager
async def _entries(
    settings: Settings, tenant: str | None, list_name: str | None
) -> AsyncGenerator[list[Entry]]:
    """What was given up, service by service, as each of them says it."""
    async with access.owner(settings) as conn:
        chosen = await auth.find_tenant(conn, tenant) if tenant else None
        rows = await conn.fetch("SELECT tenant_id, name FROM access.tenant")
    tenants: dict[UUID, str] = {row["tenant_id"]: row["name"] for row in rows}
    entries: list[Entry] = []
    async with AsyncExitStack() as stack:
        for service in WORKERS:
            db = await stack.enter_async_context(connect(settings.service_database_url(service)))
            entries += [
                Entry(db, f"{service}.{each.list}", tenants.get(each.tenant_id, "?"), each)
                for each in await given_up.given_up(db)
                if chosen in (None, each.tenant_id)
                and list_name in (None, each.list, f"{service}.{each.list}")
            ]
        yield entries
