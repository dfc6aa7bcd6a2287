"""`tenure backtest`: what the forecast would have said, judged by what happened."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from ml.backtesting import challenger
from ml.backtesting.backtest import FIGURES, Backtest, Figures, Forecaster, OutOfReach
from ml.backtesting.backtest import backtest as backtesting_backtest
from ml.backtesting.by_cause import FIGURES as BY_CAUSE_FIGURES
from ml.backtesting.by_cause import by_cause
from ml.backtesting.leakage import Alarm, alarms
from ml.backtesting.windows import Past, Window
from ml.cli.asking import asks, table_of
from ml.cli.bars import bars
from ml.cli.caller import calling, whose
from ml.cli.paths import FILE
from ml.cli.table_backtest import table_backtest
from ml.cli.train import Steps
from ml.fitting.fit import fit
from ml.frames.frame import Frame, TrainingRefused
from ml.judging import evaluate
from ml.scoring.hazards import ChurnModel
from ml.scoring.renewal_clock import HORIZON_MONTHS
from ml.training.newcomers import with_newcomers


@click.command()
@whose("ml")
@click.option("--origins", type=click.IntRange(1, 24), default=4, show_default=True)
@click.option(
    "--every-months",
    type=click.IntRange(1, 12),
    default=3,
    show_default=True,
    help="Months between origins; the last lies a year before today.",
)
@click.option("--seed", default=0, show_default=True, help="Decides folds and resamples.")
@click.option(
    "--json", "out", type=FILE, help="Write every figure, by origin and segment too, to this file."
)
@asks
def backtest(
    tenant: str | None,
    key: str | None,
    origins: int,
    every_months: int,
    seed: int,
    out: Path | None,
    **options: Any,
) -> None:
    """Go back to past days, fit to what was recorded by then, judge by what happened since.

    At each origin the forecast, a boosted challenger and Kaplan–Meier see only rows recorded
    before it. Where a forecast made that day does not reach a whole year the origin is left out.
    Errors are those of resampled accounts. An alarm is raised where a forecast does far
    better on its own rows than on later ones. Everything must be running (`tenure up`).

    With --data a table of your own is gone through instead, against lifelines' plain Cox model;
    --calendar names the column with each row's day, and nothing need be running.

    \b
    Examples:
      tenure backtest --tenant demo --json backtest.json
      tenure backtest --data customers.csv --duration months --event churned --calendar signed
    """
    if options["data"] is not None:
        table_backtest(table_of(options), origins, seed, out)
        return
    console = Console()
    with bars(console) as progress:
        steps = Steps(progress)
        windows = asyncio.run(_windows(tenant, key, (origins, every_months), steps))
        by_origin = {window.origin: window for window in windows}
        models: list[ChurnModel] = []
        fitters = {
            "forecast": partial(forecast, seed, models),
            "boosted": partial(challenger.boosted, seed=seed),
            "kaplan_meier": challenger.kaplan_meier,
        }
        judgement = backtesting_backtest(
            by_origin.__getitem__, list(by_origin), fitters, seed=seed, step=steps
        )
    raised = alarms(judgement)
    used = [window for window in windows if f"{window.origin:%Y%m%d}" in judgement.by_origin]
    causes = by_cause(models, used)
    console.print(_grid(judgement, [window.origin for window in used]))
    console.print(_by_cause(causes))
    for reason in judgement.left_out:
        console.print(f"left out: {reason}", highlight=False)
    for alarm in raised:
        console.print(f"ALARM {alarm.message}", style="bold red", highlight=False)
    if out:
        out.write_bytes(document(judgement, raised, causes))
        console.print(f"wrote {out}", highlight=False)


def document(judgement: Backtest, raised: list[Alarm], causes: Mapping[str, Figures]) -> bytes:
    """All figures as JSON; those that could not be computed are null."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "rows": len(judgement.rows),
                "losses": int(judgement.rows.event.sum()),
                "figures": judgement.figures,
                "standardErrors": judgement.errors,
                "differences": judgement.differences,
                "byOrigin": judgement.by_origin,
                "bySegment": judgement.by_segment,
                "byCause": causes,
                "leftOut": judgement.left_out,
                "own": judgement.own,
                "alarms": [
                    {"model": alarm.model, "figure": alarm.figure, "message": alarm.message}
                    for alarm in raised
                ],
            }
        )
    )


def forecast(seed: int, models: list[ChurnModel], frame: Frame) -> Forecaster:
    """Fit the forecast to a frame and keep its model, if it speaks of a whole year."""
    model = evaluate.ready(with_newcomers(fit(frame, seed=seed), frame, seed=seed))
    reach = int(evaluate.survival_by_month(model, frame.take(np.array([0]))).shape[1]) - 1
    if reach < HORIZON_MONTHS:
        raise OutOfReach(
            f"what was known at {frame.data_to} speaks of {reach} months ahead, not of twelve:"
            " nobody was seen through a yearly renewal by then. Where the history is short, the"
            " rolling-origin table of `tenure report` follows accounts for less than a year"
        )
    models.append(model)
    return lambda rows: evaluate.survival_by_month(model, rows)


async def _windows(
    tenant: str | None, key: str | None, grid: tuple[int, int], steps: Steps
) -> list[Window]:
    async with calling(tenant, key, "ml") as (rpc, principal):
        past = Past(rpc, principal, datetime.now(UTC), steps)
        count, every_months = grid
        days = await past.origins(count, every_months)
        if not days:
            raise TrainingRefused(
                "the history is too short: an origin needs six months before it and thirteen after"
            )
        return await past.windows(days)


def _grid(judgement: Backtest, origins: list[object]) -> Table:
    title = f"Rolling origin: {', '.join(map(str, origins))}"
    grid = Table("figure", *judgement.figures, "s.e.", title=title)
    for key, name in FIGURES.items():
        values = [_cell(figures, key) for figures in judgement.figures.values()]
        grid.add_row(name, *values, _cell(judgement.errors["forecast"], key))
    return grid


def _by_cause(causes: Mapping[str, Figures]) -> Table:
    """The forecast by what accounts are lost for."""
    grid = Table("cause", *BY_CAUSE_FIGURES.values(), title="Forecast by cause, within 12 months")
    for cause, figures in causes.items():
        counts = (f"{figures[key]:,.0f}" for key in ("losses", "expected"))
        values = (figures[key] for key in list(BY_CAUSE_FIGURES)[2:])
        rest = ("–" if isnan(value) else f"{value:.4f}" for value in values)
        grid.add_row(cause, *counts, *rest)
    return grid


def _cell(figures: Figures, key: str) -> str:
    return f"{figures[key]:.4f}" if key in figures else ""
