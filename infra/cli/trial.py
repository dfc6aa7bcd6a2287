"""`tenure evaluate simulation`: the forecast held against known truth."""

import asyncio
from datetime import date
from typing import Final

import click
from rich.console import Console

from infra.trial.run import windows
from infra.trial.server import scratch
from ml.backtesting.windows import Window
from ml.cli.bars import bars
from ml.cli.evaluate import IMAGES, PAGE, evaluate
from ml.cli.train import Steps
from ml.reporting.figures import write_between
from ml.simulation.tenant import Tenant, simulate
from ml.trial.figures import draw
from ml.trial.page import page
from ml.trial.trial import Trial, promises, together, tried

UNTIL: Final = date(2026, 7, 1)
"""The same rows whenever it is run."""

MIN_RECORDED: Final = 22
"""Months on record that an origin needs: half a year of landmarks, a year ahead, and graces."""


@evaluate.command()
@click.option("--seeds", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--companies", type=click.IntRange(50, 100_000), default=5_000, show_default=True)
@click.option("--months", type=click.IntRange(24, 120), default=60, show_default=True)
@click.option(
    "--unrecorded-months",
    type=click.IntRange(0),
    help="Months before the vendor's records began; a fifth of all if not given.",
)
@click.option("--origins", type=click.IntRange(1, 8), default=2, show_default=True)
@click.option("--replicates", type=click.IntRange(20), default=200, show_default=True)
@click.option("--write", is_flag=True, help="Write the tables to docs/forecast.md.")
def simulation(
    seeds: int,
    companies: int,
    months: int,
    unrecorded_months: int | None,
    origins: int,
    replicates: int,
    write: bool,
) -> None:
    """Hold the forecast against the truth of simulated tenants, in a database of its own.

    Each seed is a tenant whose rows the services' own queries turn into signals; at each origin
    the forecast is fitted to what was recorded before and predicts the next twelve months. The
    truth that made the rows is the ceiling, found in the same run.

    \b
    Example:
      tenure evaluate simulation --seeds 3 --write
    """
    console = Console()
    unrecorded = _unrecorded(months, unrecorded_months)
    trials: dict[int, Trial] = {}
    for seed in range(1, seeds + 1):
        tenant = simulate(
            companies_count=companies,
            months=months,
            seed=seed,
            until=UNTIL,
            unrecorded_months=unrecorded,
        )
        with bars(console) as progress:
            steps = Steps(progress)
            past = asyncio.run(_windows(tenant, origins, steps))
            trials[seed] = tried(tenant, past, seed=0, replicates=replicates, step=steps)
    whole = together(list(trials.values()), replicates=replicates)
    tables = page(promises(whole), whole, trials)
    console.print(tables, markup=False, highlight=False)
    if write:
        write_between(PAGE, "simulation", f"{tables}\n")
        for path in draw(whole.backtest.rows, IMAGES):
            console.print(f"wrote {path}", highlight=False)


def _unrecorded(months: int, months_asked: int | None) -> int:
    """A fifth of all months if nobody asked for other; an origin needs some on record."""
    max_months = months - MIN_RECORDED
    if months_asked is not None and months_asked > max_months:
        raise click.BadParameter(
            f"{months_asked} of {months} months leave too few to judge by; at most {max_months}",
            param_hint="--unrecorded-months",
        )
    return min(months // 5, max_months) if months_asked is None else months_asked


async def _windows(tenant: Tenant, origins: int, steps: Steps) -> list[Window]:
    async with scratch() as settings:
        return await windows(settings, tenant, "trial", origins, steps)


__all__ = ["evaluate"]
