"""`tenure keys`: API keys of the tenants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click

from infra.servers import access
from infra.servers.access import ListedKey
from infra.suite.configuration import configured
from shared.platform import auth
from shared.platform.db import Conn

T = TypeVar("T")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    A key belongs to one tenant and may do what its scopes say. Only its hash is kept: the key
    itself is shown once. Everything must be running (`tenure up`), or TENURE_DATABASE_URL set.
    """


@keys.command()
@click.option("--tenant", required=True, help="Name of the tenant, as in `demo`.")
@click.option("--name", default="command line", show_default=True, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(auth.SCOPES),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What the key may do; may be given several times.",
)
@click.option("--new-tenant", is_flag=True, help="Make the tenant if there is none of that name.")
@click.option(
    "--time-zone",
    metavar="ZONE",
    help="The zone in which a new tenant's days begin, as Europe/Berlin.  [default: UTC]",
)
def create(
    tenant: str, name: str, scopes: tuple[str, ...], new_tenant: bool, time_zone: str | None
) -> None:
    """Make a key and print it, this once.

    \b
    Examples:
      tenure keys create --tenant demo
      tenure keys create --tenant acme --new-tenant --scope read --scope ingest --name loader
      tenure keys create --tenant acme --new-tenant --time-zone America/New_York
    """
    if time_zone is not None and not new_tenant:
        raise click.UsageError("--time-zone goes with --new-tenant; tenantTimeZoneSet changes it.")

    async def issue(conn: Conn) -> str:
        if new_tenant:
            tenant_id = await auth.create_tenant(conn, tenant, time_zone)
        else:
            tenant_id = await auth.find_tenant(conn, tenant)
        _, secret = await auth.create_key(conn, tenant_id, name, scopes)
        return secret

    click.echo(_as_owner(issue))


@keys.command("list")
@click.option("--tenant", help="Only the keys of this tenant.")
def list_(tenant: str | None) -> None:
    """List the keys: tenant, id, first characters, scopes, whether revoked.

    \b
    Example:
      tenure keys list --tenant demo
    """

    async def listed(conn: Conn) -> list[ListedKey]:
        return await access.keys(conn, tenant)

    keys_of_tenant = _as_owner(listed)
    for key in keys_of_tenant:
        state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "valid"
        scopes = ",".join(key.scopes)
        click.echo(f"{key.tenant}  {key.key_id}  tnr_{key.prefix}_…  {scopes}  {state}  {key.name}")
    if not keys_of_tenant:
        click.echo("There are no keys; `tenure keys create` makes one.")


@keys.command()
@click.argument("key_id", type=click.UUID)
def revoke(key_id: UUID) -> None:
    """Revoke the key with this id (see `tenure keys list`); it stops working within seconds.

    \b
    Example:
      tenure keys revoke 0192d3c4-7d0e-7aa0-9c55-2f6f0c9f6a11
    """

    async def revoked(conn: Conn) -> auth.ApiKey:
        return await auth.revoke_key(conn, key_id)

    key = _as_owner(revoked)
    click.echo(f"The key tnr_{key.prefix}_… ('{key.name}') is revoked.")


def _as_owner(work: Callable[[Conn], Awaitable[T]]) -> T:
    async def run() -> T:
        async with access.owner(configured()) as conn:
            return await work(conn)

    return asyncio.run(run())
