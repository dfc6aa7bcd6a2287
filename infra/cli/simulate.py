"""`tenure simulate`: a tenant with known truth."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
import msgspec
from rich.console import Console

from infra.cli.loading import Destination, day, destination
from infra.loading.run import write
from ml.cli.paths import FILE, FOLDER
from ml.simulation import tenant as tenant_simulation
from ml.simulation.tenant import Tenant


@click.command()
@click.option("--companies", type=click.IntRange(1, 100_000), default=1_000, show_default=True)
@click.option("--months", type=click.IntRange(3, 120), default=24, show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    help="The same seed, size and last day give the same rows.",
)
@click.option(
    "--unrecorded-months",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Months at the beginning that nothing was recorded in, as before a new system.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Nothing is recorded on or after this day; today (UTC) if not given.",
)
@destination("demo")
@click.option(
    "--out",
    type=FOLDER,
    help="Write the rows to this folder, one file a kind, instead of sending them.",
)
@click.option(
    "--truth",
    type=FILE,
    help="Write the true chances of every account to this file, one JSON object a line.",
)
@click.option("--dry-run", is_flag=True, help="Make the rows and count them, no more.")
def simulate(
    companies: int,
    months: int,
    seed: int,
    unrecorded_months: int,
    until: datetime | None,
    url: str | None,
    key: str | None,
    tenant_name: str,
    rejects: Path,
    out: Path | None,
    truth: Path | None,
    dry_run: bool,
) -> None:
    """Load a simulated B2B SaaS company whose customers stay or leave for known reasons.

    What was planted is in docs/simulation.md. Rows go through the public API.

    \b
    Examples:
      tenure simulate
      tenure simulate --companies 200 --months 18 --seed 3 --tenant-name small
      tenure simulate --out rows/ --truth truth.jsonl
    """
    if unrecorded_months >= months:
        raise click.BadParameter(
            f"{unrecorded_months} is not fewer than the {months} months simulated",
            param_hint="--unrecorded-months",
        )
    tenant = tenant_simulation.simulate(
        companies_count=companies,
        months=months,
        seed=seed,
        until=day(until),
        unrecorded_months=unrecorded_months,
    )
    account_ids: dict[UUID, UUID] = {}
    if dry_run:
        _count(tenant)
    elif out:
        write(tenant.batches(), out, Console())
    else:
        account_ids = Destination(url, key, tenant_name, rejects).send(tenant.batches())
    if truth:
        _keep_truth(tenant, truth, account_ids)


def _count(tenant: Tenant) -> None:
    for batch in tenant.batches():
        click.echo(f"{batch.kind:<16} {batch.total:>9,} rows")


def _keep_truth(tenant: Tenant, path: Path, account_ids: dict[UUID, UUID]) -> None:
    """Under the ids that the server gave the accounts, where they were sent to one."""
    with path.open("wb") as file:
        for account_id, truth in tenant.truth().items():
            row = msgspec.structs.replace(truth, account_id=account_ids.get(account_id, account_id))
            file.write(msgspec.json.encode(row) + b"\n")
