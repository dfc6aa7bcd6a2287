"""`tenure train`: fit a forecast to a tenant's history, judge it, publish it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from ml.cli.bars import bars
from ml.cli.caller import caller
from ml.train import Training
from shared.config import Settings
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
    principal = await caller(settings, tenant, key, "ml")
    async with Rpc(settings) as rpc:
        return await Training(rpc, principal, datetime.now(UTC), step).run(seed)
