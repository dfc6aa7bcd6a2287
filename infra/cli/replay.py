"""`tenure replay`: make served scores again from what is kept, and compare the bytes."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from click import Context, Parameter
from rich.console import Console
from rich.table import Table

from ml.cli.caller import calling, whose
from services.risk.forecasting.replay import (
    MAX_NEWEST,
    Replay,
    Verdict,
    account_replays,
    newest_replays,
)
from shared.vocabulary.errors import InvalidInput, NotFound
from shared.vocabulary.ids import parse_id
from shared.vocabulary.moments import moment


class AMoment(click.ParamType["datetime"]):
    """A moment with its zone, read as everywhere."""

    name = "moment"

    def convert(self, value: Any, param: Parameter | None, ctx: Context | None) -> datetime:
        try:
            return moment(value, "it").astimezone(UTC)
        except InvalidInput as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("account", required=False)
@whose("read")
@click.option(
    "--as-of",
    type=AMoment(),
    help="What was served then: a moment with zone, 2026-11-21T09:30:00Z.",
)
@click.option(
    "--last",
    type=click.IntRange(1, MAX_NEWEST),
    default=100,
    show_default=True,
    help="Without an account: so many of the scores made last.",
)
def replay(
    account: str | None, tenant: str | None, key: str | None, as_of: datetime | None, last: int
) -> None:
    """Make served scores again from the stored inputs and the stored model.

    Ends with code 1 if any score does not come out byte for byte, if its inputs do not match their
    hash, or if its model cannot be read.

    \b
    Examples:
      tenure replay --tenant demo --last 1000
      tenure replay QWNjb3VudDo… --tenant demo --as-of 2026-11-21T09:30:00Z
    """
    replays = asyncio.run(_replayed(tenant, key, account, as_of, last))
    console = Console()
    wrong = [replay for replay in replays if replay.verdict is not Verdict.SAME]
    if account is not None or wrong:
        console.print(_grid(wrong or replays))
    counts = Counter(replay.verdict.value for replay in replays)
    summary = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))
    console.print(
        f"{len(replays):,} scores made again: {summary or 'none served yet'}", highlight=False
    )
    if wrong:
        sys.exit(1)


async def _replayed(
    tenant: str | None, key: str | None, account: str | None, as_of: datetime | None, last: int
) -> Sequence[Replay]:
    async with calling(tenant, key, "read") as (rpc, principal):
        if account is None:
            return await rpc.call(principal, newest_replays, last)
        account_id = _account(account)
        replays = await rpc.call(principal, account_replays, [account_id], as_of)
    if account_id not in replays:
        raise NotFound(f"no score of account {account} was served then")
    return [replays[account_id]]


def _account(text: str) -> UUID:
    """An account by its plain id, or by that of the API."""
    try:
        return UUID(text)
    except ValueError:
        return parse_id(text, "Account", "ACCOUNT")[1]


def _grid(replays: Sequence[Replay]) -> Table:
    grid = Table("account", "as of", "model", "verdict", "served", "again", "differing")
    for replay in replays:
        again = "" if replay.again_hash is None else replay.again_hash[:12]
        grid.add_row(
            str(replay.account_id),
            replay.as_of.isoformat(timespec="seconds"),
            replay.model_version,
            replay.verdict.value,
            replay.served_hash[:12],
            again,
            ", ".join(replay.differing),
        )
    return grid
