"""`tenure export`: data for a lake or a warehouse."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import click
from rich.console import Console

from ml.cli.bars import bars
from ml.cli.caller import calling, whose
from ml.frames.export import Source, export_day, exported, over_rpc
from shared.vocabulary.errors import InvalidInput

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def export() -> None:
    """Write data to files, for a lake or a warehouse."""


@export.command()
@whose("admin")
@click.option("--from", "first", type=DAY, required=True, help="The first day (UTC).")
@click.option("--to", "end", type=DAY, help="The day after the last; today (UTC) if not given.")
@click.option("--out", required=True, help="A folder, or any URL that fsspec knows: s3://…, gs://…")
@click.option("--again", is_flag=True, help="Write days anew that are there.")
def events(
    tenant: str | None,
    key: str | None,
    first: datetime,
    end: datetime | None,
    out: str,
    again: bool,
) -> None:
    """Write usage events to Parquet, one file for each day on which they became known.

    Only days that are over, and those that are there are left: an export goes on where the last
    one stopped. After a load of history write its days `--again`. Everything must be running
    (`tenure up`).

    \b
    Example:
      tenure export events --tenant demo --from 2026-01-01 --out lake/events
    """
    today = datetime.now(UTC).date()
    days = _days(first.date(), end.date() if end else today, today)
    missing = [day for day in days if again or not exported(day, out)]
    count = asyncio.run(_export(tenant, key, missing, out)) if missing else 0
    click.echo(f"{count:,} events of {len(missing)} days written, {len(days) - len(missing)} kept")


def _days(first: date, end: date, today: date) -> list[date]:
    if end > today:
        raise InvalidInput("--to", end, f"a day that has begun, at most {today}: it must be over")
    return [first + timedelta(days=number) for number in range((end - first).days)]


async def _export(tenant: str | None, key: str | None, days: list[date], out: str) -> int:
    async with calling(tenant, key, "admin") as (rpc, principal):
        return await _written(over_rpc(rpc, principal), days, out)


async def _written(source: Source, days: list[date], out: str) -> int:
    count = 0
    with bars(Console(stderr=True)) as progress:
        task = progress.add_task("days", total=len(days))
        for day in days:
            count += await export_day(source, day, out)
            progress.advance(task)
    return count
