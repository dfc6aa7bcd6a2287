"""What the commands that load rows have in common: where to, with whose key, and the outcome."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import click
from rich.console import Console

from infra.loading.client import Tally
from infra.loading.run import load
from infra.loading.sign_in import tenant_key
from infra.suite.configuration import configured
from ml.simulation.rows import Batch
from shared.platform.config import reachable

Function: TypeAlias = Callable[..., Any]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Destination:
    """The installation and the tenant that rows go to."""

    url: str | None
    key: str | None
    tenant: str
    rejects: Path

    def send(self, batches: Iterable[Batch]) -> dict[UUID, UUID]:
        """Load everything; leaves with code 1 if rows were rejected.

        Gives the server's ids of accounts by the sender's.
        """
        tally, account_ids = asyncio.run(self._send(batches))
        if tally.rejected:
            sys.exit(1)
        return account_ids

    async def _send(self, batches: Iterable[Batch]) -> tuple[Tally, dict[UUID, UUID]]:
        async with self._key() as key:
            return await load(self._address(), key, batches, self.rejects, Console())

    async def use(self, work: Callable[[str, str], Awaitable[R]]) -> R:
        """Do something with the address and a key for it."""
        async with self._key() as key:
            return await work(self._address(), key)

    def _key(self) -> AbstractAsyncContextManager[str]:
        return nullcontext(self.key) if self.key else tenant_key(configured(), self.tenant)

    def _address(self) -> str:
        if self.url:
            return self.url
        settings = configured()
        return f"http://{reachable(settings.host)}:{settings.port}"


def destination(tenant: str) -> Callable[[Function], Function]:
    """The options that say where rows go, with the tenant that is meant if none is named."""

    def decorated(command: Function) -> Function:
        for option in reversed(_options(tenant)):
            command = option(command)
        return command

    return decorated


def _options(tenant: str) -> list[Callable[[Function], Function]]:
    return [
        click.option(
            "--url", envvar="TENURE_URL", help="The gateway; this installation's if not given."
        ),
        click.option(
            "--key",
            envvar="TENURE_KEY",
            help="API key with the scopes ingest and admin; its tenant receives the rows.",
        ),
        click.option(
            "--tenant-name",
            default=tenant,
            show_default=True,
            help="Without a key: the tenant of this installation that receives the rows.",
        ),
        click.option(
            "--rejects",
            type=click.Path(dir_okay=False, path_type=Path),
            default=Path("rejected.jsonl"),
            show_default=True,
            help="Where rows go that are not taken, with the reason.",
        ),
    ]


def day(named: datetime | None) -> date:
    """The day that was named, or today (UTC); later ones cannot be loaded."""
    today = datetime.now(UTC).date()
    if named and named.date() > today:
        raise click.BadParameter(
            f"{named.date()} lies ahead; today is {today}", param_hint="--until"
        )
    return named.date() if named else today
