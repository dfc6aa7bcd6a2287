"""`tenure up`: start everything."""

import asyncio

import click

from infra.suite import start
from infra.suite.configuration import configured
from infra.suite.demo import Demo
from infra.supervising.terminal import Terminal


@click.command()
@click.option("--demo/--no-demo", default=True, show_default=True, help="Load the demo tenants.")
@click.option(
    "--companies",
    type=click.IntRange(50, 100_000),
    default=1_000,
    show_default=True,
    help="Companies in the simulated tenant.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    help="The same seed makes the same companies.",
)
@click.option(
    "--port", type=int, help="The gateway's port; the next eleven are used too.  [TENURE_PORT]"
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where the data lie.  [TENURE_DATA_DIR]",
)
def up(demo: bool, companies: int, seed: int, port: int | None, data_dir: str | None) -> None:
    """Start everything and keep it running until Ctrl-C.

    PostgreSQL and Valkey come from packages, unless TENURE_DATABASE_URL and TENURE_REDIS_URL name
    servers of your own. The first start loads two demo tenants through the public API, trains a
    forecast for each and scores every account; a later start continues with the same data in
    seconds. The keys are printed once, at the first "ready".

    \b
    Examples:
      tenure up
      tenure up --companies 200 --seed 7         a smaller demo
      tenure up --no-demo                        an empty tenant of your own
      tenure up --port 9000 --data-dir ~/second  a second one beside the first
      TENURE_DATABASE_URL=postgresql://me:secret@db:5432/tenure tenure up

    \b
    In another terminal:
      tenure status
      tenure keys create --tenant demo --scope read
    """
    settings = configured(begins=True, TENURE_PORT=port, TENURE_DATA_DIR=data_dir)
    asyncio.run(start.up(settings, Demo(companies, seed) if demo else None, Terminal()))
