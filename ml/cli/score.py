"""`tenure score`: forecasts for new rows, by a model that `tenure fit` wrote."""

from pathlib import Path

import click
import numpy as np

from ml.cli.asking import WRITTEN
from ml.cli.evaluate import numbers_of
from ml.cli.paths import FILE
from ml.table import saved
from ml.table.file import read_file
from ml.table.saved import load


@click.command()
@click.option(
    "--model",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of `tenure fit --write`.",
)
@click.option("--data", required=True, type=FILE, help="CSV or Parquet file of new rows.")
@click.option("--at", "horizons", required=True, help="Times ahead, e.g. 3,12,24.")
@click.option("--elapsed", help="Column of the time already survived; forecasts are given that.")
@click.option("--out", type=FILE, help="File to write; without it, the terminal.")
@WRITTEN[0]
@WRITTEN[1]
def score(
    model: Path,
    data: Path,
    horizons: str,
    elapsed: str | None,
    out: Path | None,
    decimal: str,
    thousands: str | None,
) -> None:
    """Chance of being lost by each time, as CSV: one line a row, in the file's order.

    Levels never seen are read as the most common one, numbers out of range as the nearest known;
    the last column names them. Times that the data cannot speak for stay empty.

    \b
    Example:
      tenure score --model out/ --data new.csv --at 3,12 --elapsed months
    """
    model_of_table = load(model)
    at = np.array(numbers_of("--at", horizons))
    rows = read_file(data, decimal=decimal, thousands=thousands)
    lacking = [
        s.name for s in model_of_table.signals if s.kind != "left out" and s.name not in rows
    ]
    if lacking:
        click.echo(f"{data} lacks columns, which count as unknown: {', '.join(lacking)}", err=True)
    scores = saved.score(rows, model_of_table, at, elapsed)
    text = scores.to_csv(index=False, float_format="%.6f")
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"wrote {len(scores):,} rows to {out}")
