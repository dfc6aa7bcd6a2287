"""`tenure fit`: the forecast on a table of one's own."""

import json
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table as Grid

from ml.cli.asking import asks, table_of
from ml.cli.evaluate import tell
from ml.cli.paths import FOLDER
from ml.judging.evaluate import ready
from ml.reporting import figures
from ml.scoring.effects import Ratio, ratios
from ml.table.forecast import TableFit, fit_table
from ml.table.saved import TableModel, save
from ml.table.table import Table

SHOWN = 12


@click.command()
@asks
@click.option("--seed", default=0, show_default=True, help="Decides the folds of the choices.")
@click.option("--json", "as_json", is_flag=True, help="Print effects as JSON, nothing else.")
@click.option("--write", type=FOLDER, help="Folder for model.json, its checksum and a plot.")
def fit(seed: int, as_json: bool, write: Path | None, **options: Any) -> None:
    """Fit the forecast to a table of your own; say what makes a difference.

    \b
    Examples:
      tenure fit --data customers.csv --duration months --event churned --write out/
      tenure fit --data policies.parquet --duration days --event lapsed --entry-time since
      tenure score --model out/ --data new.csv --at 3,12,24
    """
    console = Console(stderr=as_json)
    table = table_of(options)
    with console.status("reading signals") as status:
        fitted_table = fit_table(table, seed=seed, progress=status.update)
    compared = ratios(ready(fitted_table.model))
    if as_json:
        click.echo(json.dumps(_plain(table, fitted_table, compared), indent=1))
    else:
        console.print(_grid(table, compared))
        tell(console, table)
        for note in fitted_table.model.notes:
            console.print(note, highlight=False, soft_wrap=True)
    if write is not None:
        paths = save(TableModel(table.question, table.signals, fitted_table), write)
        if compared:
            heading = f"{table.name}: what goes with being lost (not what causes it)"
            paths.append(
                figures.draw_effects(write / f"{table.name}-effects.png", heading, compared)
            )
        for path in paths:
            console.print(f"wrote {path}", highlight=False)


def _grid(table: Table, compared: list[Ratio]) -> Grid:
    grid = Grid("signal", "value", "against", title=f"{table.name}: hazard ratios")
    several = len({ratio.cause for ratio in compared}) > 1
    if several:
        grid.add_column("cause")
    grid.add_column("ratio", justify="right")
    grid.add_column("90 % interval", justify="right")
    for ratio in compared[:SHOWN]:
        values = (figures.value_said(value) for value in (ratio.end, ratio.start))
        cause = (ratio.cause,) if several else ()
        interval = f"{_decimals(ratio.low)} – {_decimals(ratio.high)}"
        if ratio.feature in table.unbounded:
            interval = "unbounded"
        grid.add_row(ratio.feature, *values, *cause, _decimals(ratio.ratio), interval)
    grid.caption = "Every other signal at its mean. Associations, not causes."
    return grid


def _decimals(ratio: float) -> str:
    """Two decimals, or the first digit that is not 0."""
    return f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.1g}"


def _plain(table: Table, fitted_table: TableFit, compared: list[Ratio]) -> dict[str, Any]:
    return {
        "table": table.name,
        "rows": fitted_table.model.rows,
        "lost": fitted_table.model.events,
        "causes": {cause.cause: cause.events for cause in fitted_table.model.causes},
        "unit": table.question.unit,
        "notes": [*table.notes, *fitted_table.model.notes],
        "signals": msgspec.to_builtins(table.signals),
        "effects": msgspec.to_builtins(compared),
    }
