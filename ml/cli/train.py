"""`tenure train`: fit a forecast to a tenant's history, judge it, publish it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from ml.cli.bars import bars
from ml.train import Training
from shared.auth import Keys, Principal, system, tenant_named
from shared.config import Settings
from shared.db import connected
from shared.errors import InvalidInput, ServiceUnavailable
from shared.model_document import ModelDocument
from shared.rpc import Rpc


@click.command()
@click.option("--tenant", help="Name or id of the tenant; without it, the key's.")
@click.option("--key", envvar="TENURE_KEY", help="API key with the scope ml; its tenant is meant.")
@click.option("--seed", default=0, show_default=True, help="Decides the held-out accounts.")
def train(tenant: str | None, key: str | None, seed: int) -> None:
    """Fit a forecast to a tenant's history, judge it on held-out accounts, publish it.

    Everything must be running (`tenure up`). With too little data nothing is published and the
    model that serves goes on serving.

    \b
    Example:
      tenure train --tenant demo
    """
    console = Console()
    with bars(console) as progress:
        model = asyncio.run(_train(tenant, key, seed, Steps(progress)))
    console.print(
        f"Published {model.version}: {model.accounts:,} accounts, {model.events:,} of them lost, "
        f"{model.data_from} to {model.data_to}; on held-out accounts {_said(model.metrics)}",
        highlight=False,
        soft_wrap=True,
    )


def _said(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())


class Steps:
    """A bar for each thing that training does."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done)


async def _train(tenant: str | None, key: str | None, seed: int, step: Steps) -> ModelDocument:
    settings = Settings.from_env()
    principal = await _principal(settings, tenant, key)
    async with Rpc(settings) as rpc:
        return await Training(rpc, principal, datetime.now(UTC), step).run(seed)


async def _principal(settings: Settings, tenant: str | None, key: str | None) -> Principal:
    """Our own process, acting for the tenant named or for the key's."""
    if tenant is None and key is None:
        raise InvalidInput("name a tenant with --tenant, or give a key with --key or TENURE_KEY")
    role = settings.owner_database_url if tenant else settings.service_database_url("access")
    try:
        async with connected(role, most=1) as db, db.read(None) as conn:
            if tenant:
                return system(await tenant_named(conn, tenant))
    except OSError as error:
        raise ServiceUnavailable(
            "PostgreSQL does not answer; start everything with `tenure up` first, "
            "or set TENURE_DATABASE_URL"
        ) from error
    async with connected(role, most=1) as db:
        holder = await Keys(db).principal(key or "")
    holder.require("ml")
    return system(holder.tenant_id)
