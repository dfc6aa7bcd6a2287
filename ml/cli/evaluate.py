"""`tenure evaluate`: judge the forecast on data it has never seen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table as Grid

from ml import evaluate as judging
from ml import figures, tables
from ml.cli.bars import bars

SEEDS: Final = range(5)
PAGE: Final = tables.PROJECT / "docs" / "forecast.md"
IMAGES: Final = tables.PROJECT / "docs" / "img"


@click.group()
def evaluate() -> None:
    """Judge the forecast on accounts it has never seen."""


@evaluate.command()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=tables.TELCO.file,
    show_default="data/telco.csv",
)
@click.option("--write", is_flag=True, help="Write the table and the plots to docs/.")
def telco(file: Path, write: bool) -> None:
    """Five splits of the Telco sample, three quarters to train on; mean and spread of each figure.

    Design and penalty are chosen on the training rows of each split alone. TotalCharges is never
    used.
    """
    console = Console()
    frame = tables.read(tables.TELCO, file)
    found: dict[str, list[float]] = {}
    with bars(console) as progress:
        task = progress.add_task("splits", total=len(SEEDS))
        for seed in SEEDS:
            run = judging.held_out_figures(frame, seed, last_month=tables.TELCO.last_month)
            for name, value in run.items():
                found.setdefault(name, []).append(value)
            progress.advance(task)
    summary = judging.summary(found)
    console.print(_grid(summary))
    if write:
        figures.write_table(PAGE, "telco", summary)
        for path in figures.draw_telco(frame, IMAGES):
            console.print(f"wrote {path}", highlight=False)


def _grid(summary: Mapping[str, tuple[float, float]]) -> Grid:
    grid = Grid("figure", "mean", "sd", title="Telco, held out, 5 splits")
    for name, (mean, spread) in summary.items():
        grid.add_row(judging.FIGURES.get(name, name), f"{mean:.4f}", f"{spread:.4f}")
    return grid
