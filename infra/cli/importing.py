"""`tenure import`: data of one's own, or a public sample."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from infra.cli.loading import Destination, day, destination
from infra.loading import events as events_loading
from infra.loading import telco as telco_loading
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.time_zone import check_time_zone


@click.group()
def importing() -> None:
    """Load data through the public API, as any other client would.

    Sending the same file again is harmless: rows already there are answered with `duplicate`.
    """


@importing.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day the snapshot is taken to be of; today (UTC) if not given.",
)
@destination("telco")
def telco(
    file: Path,
    until: datetime | None,
    url: str | None,
    key: str | None,
    tenant_name: str,
    rejects: Path,
) -> None:
    """Load the Telco sample: 7,043 customers, their contracts, subscriptions, ways to pay.

    A contract starts as many months before the day of the snapshot as the file says; a customer who
    churned ends on that day. TotalCharges is not loaded: it is tenure times price.

    \b
    Examples:
      tenure import telco data/telco.csv
      tenure import telco data/telco.csv --url https://tenure.example --key tnr_…
    """
    customers = telco_loading.read(file)
    where = Destination(url, key, tenant_name, rejects)
    where.send(telco_loading.batches(customers, day(until)))


@importing.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl", "parquet"]))
@click.option(
    "--map", "pairs", multiple=True, metavar="FIELD=COLUMN",
    help=f"Which column holds a field ({', '.join(events_loading.FIELDS)}); may be given often."
    " Columns of the field's own name, in camelCase or snake_case, need none.",
)  # fmt: skip
@click.option("--external-source", help="The system whose ids of accounts externalId holds.")
@click.option("--source", help="The system that made the events' ids.")
@click.option("--time-zone", default="UTC", show_default=True, help="Of moments that name no zone.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Notes how far the load is, to go on after a break; FILE.import.json if not given.",
)
@click.option("--again", is_flag=True, help="From the beginning, whatever the state says.")
@click.option("--dry-run", is_flag=True, help="Hold every row against the rules, send nothing.")
@destination("demo")
def events(
    file: Path,
    kind: str | None,
    pairs: tuple[str, ...],
    external_source: str | None,
    source: str | None,
    time_zone: str,
    state: Path | None,
    again: bool,
    dry_run: bool,
    url: str | None,
    key: str | None,
    tenant_name: str,
    rejects: Path,
) -> None:
    """Load usage events from CSV, JSON lines or Parquet.

    Interrupted, the same command goes on where it was. An event without an id is known by the
    file's content and its place in it. Columns called properties.NAME become properties.

    \b
    Examples:
      tenure import events usage.csv --map memberId=user --map occurredAt=at \\
        --map externalId=company --external-source crm
      tenure import events usage.jsonl --dry-run
    """
    columns = events_loading.mapped(
        pairs, lambda message: click.BadParameter(message, param_hint="--map")
    )
    reading = events_loading.Reading(columns, external_source, source, _zone(time_zone))
    notes = state or file.with_name(file.name + ".import.json")
    load = events_loading.Load(
        file, kind or events_loading.kind_of(file), reading, rejects, notes, Console()
    )
    if dry_run:
        counts = load.judge()
        click.echo(f"{counts['good']:,} rows are good, {counts['rejected']:,} are not")
    else:
        where = Destination(url, key, tenant_name, rejects)
        counts = asyncio.run(where.use(lambda to, secret: load.send(to, secret, again=again)))
    if counts["rejected"] + counts["conflict"]:
        click.echo(f"{rejects} says why rows were not taken", err=True)
        sys.exit(1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(check_time_zone(name))
    except InvalidInput as error:
        raise click.BadParameter(f"there is no zone '{name}'", param_hint="--time-zone") from error
