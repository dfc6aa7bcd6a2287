"""`tenure import`: data of one's own, or a public sample."""

from datetime import datetime
from pathlib import Path

import click

from infra.cli.loading import Destination, day, destination
from infra.loading import telco as sample


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
    customers = sample.read(file)
    where = Destination(url, key, tenant_name, rejects)
    where.send(sample.batches(customers, day(until)))
