"""`tenure evaluate`: judge the forecast on data it has never seen."""

import json
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from rich.console import Console

from ml.cli.asking import asks, table_of
from ml.cli.bars import bars
from ml.cli.figures import FiguresByModel, grid, markdown, plain
from ml.cli.paths import FILE, FOLDER
from ml.reporting.figures import write_between
from ml.table import bundled, rivals
from ml.table.judge import Clock, Rival, compare, ours
from ml.table.pictures import draw
from ml.table.question import PROJECT, SAAS, SAAS_FILE, TELCO, TELCO_FILE
from ml.table.table import Table, read_table

PAGE: Final = PROJECT / "docs" / "forecast.md"
IMAGES: Final = PROJECT / "docs" / "img"
OURS: Final = "Tenure"
COMPARE: Final = click.option(
    "--compare", is_flag=True, help="Fit other libraries' models to the same splits."
)
TELCO_UNTIL: Final = 70.0


@click.group(invoke_without_command=True)
@asks
@click.option("--splits", default=5, show_default=True, help="Seeds 0, 1, …, one split each.")
@click.option("--at", "horizons", help="Horizons for AUC and calibration, e.g. 3,12,24.")
@click.option("--until", type=float, help="End of the integrated Brier score.")
@click.option("--by", help="Signal whose values group the plotted curves.")
@COMPARE
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON, nothing else.")
@click.option("--write", type=FOLDER, help="Folder for figures.json and plots.")
@click.pass_context
def evaluate(context: click.Context, **options: Any) -> None:
    """Judge the forecast on accounts it has never seen.

    With a table of your own it is fitted to three quarters of the subjects and judged on the rest,
    five times. Kinds of columns are found out; ids, constants and dates are left out and named.

    \b
    Examples:
      tenure evaluate --data customers.csv --duration months --event churned
      tenure evaluate --data loans.csv --duration days --event state --lost default --unit days
      tenure evaluate --data weeks.csv --panel --id user --time week --duration until --event gone
      tenure evaluate --data customers.csv --duration months --event churned --compare --write out/
      tenure evaluate telco --compare
    """
    if context.invoked_subcommand is None:
        table = table_of(options)
        report(table, **{name: options[name] for name in REPORTED})


REPORTED: Final = ("splits", "horizons", "until", "by", "compare", "as_json", "write")


def report(
    table: Table,
    *,
    splits: int,
    horizons: str | None,
    until: float | None,
    by: str | None,
    compare: bool,
    as_json: bool,
    write: Path | None,
) -> None:
    """Judge a table, show the figures, write what is asked for."""
    console = Console(stderr=as_json)
    at = numbers_of("--at", horizons)
    judgement = compare_on_splits(table, console, splits, models_of(compare), at=at, until=until)
    if as_json:
        click.echo(json.dumps(plain(table, judgement), indent=1))
    else:
        console.print(grid(f"{table.name}, held out, {splits} splits", judgement))
        tell(console, table)
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        (write / "figures.json").write_text(json.dumps(plain(table, judgement), indent=1) + "\n")
        for path in draw(table, Clock.of(table, at=at, until=until), write, name=table.name, by=by):
            console.print(f"wrote {path}", highlight=False)


def numbers_of(option: str, text: str | None) -> tuple[float, ...]:
    """Numbers of a list such as `3,12,24`, all above 0."""
    if not text:
        return ()
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = (0.0,)
    if min(numbers) <= 0:
        raise click.BadParameter(
            f"{text!r} is not allowed; allowed: numbers above 0, e.g. 3,12,24", param_hint=option
        )
    return numbers


def models_of(with_rivals: bool) -> dict[str, Rival]:
    """Ours, and everything else that can be fitted."""
    return {OURS: ours, **(rivals.rivals() if with_rivals else {})}


def compare_on_splits(
    table: Table, console: Console, splits: int, models: dict[str, Rival], **options: Any
) -> FiguresByModel:
    """Figures by model over the splits, with a bar."""
    with bars(console) as progress:
        task = progress.add_task("splits", total=splits * len(models))

        def step(text: str) -> None:
            done = progress.tasks[task].description != "splits"
            progress.update(task, description=text[:28], advance=int(done))

        judgement = compare(table, models, range(splits), progress=step, **options)
        progress.update(task, completed=splits * len(models))
    return judgement


def tell(console: Console, table: Table) -> None:
    """What was read how, and what was left out."""
    kinds: dict[str, list[str]] = {}
    for signal in table.signals:
        kinds.setdefault(signal.kind, []).append(signal.name)
    console.print(_counted(table), highlight=False)
    for kind in ("number", "level", "flag", "age"):
        if kind in kinds:
            console.print(f"{kind}s: {', '.join(kinds[kind])}", highlight=False, soft_wrap=True)
    for signal in table.signals:
        if signal.note:
            left_out = "left out, " if signal.kind == "left out" else ""
            console.print(f"{signal.name}: {left_out}{signal.note}", highlight=False)
    for note in table.notes:
        console.print(note, highlight=False)


def _counted(table: Table) -> str:
    """Rows and losses; of a panel, whose rows share a loss, subjects as well."""
    subjects, lost = len(np.unique(table.subject)), len(np.unique(table.subject[table.event]))
    whose = f" of {subjects:,} subjects" if subjects < len(table) else ""
    return f"{len(table):,} rows{whose}, {lost:,} lost"


def _sample(
    name: str,
    table: Table,
    compare: bool,
    write: bool,
    *,
    until: float | None = None,
    by: str | None = None,
) -> None:
    console = Console()
    judgement = compare_on_splits(table, console, 5, models_of(compare), until=until)
    console.print(grid(f"{name}, held out, 5 splits", judgement))
    if write:
        place = f"{name}-rivals" if compare else name
        write_between(PAGE, place, markdown(judgement))
        for path in draw(table, Clock.of(table, until=until), IMAGES, name=name, by=by):
            console.print(f"wrote {path}", highlight=False)


@evaluate.command()
@click.option("--file", type=FILE, default=TELCO_FILE, show_default="data/telco.csv")
@COMPARE
@click.option("--write", is_flag=True, help="Write the table and the plots to docs/.")
def telco(file: Path, compare: bool, write: bool) -> None:
    """Five splits of the Telco sample, three quarters to train on; mean and spread of each figure.

    Design and penalty are chosen on the training rows of each split alone. TotalCharges is never
    used.
    """
    _sample("telco", read_table(file, TELCO), compare, write, until=TELCO_UNTIL, by="Contract")


@evaluate.command()
@COMPARE
@click.option("--write", is_flag=True, help="Write the table and the plots to docs/.")
def saas(compare: bool, write: bool) -> None:
    """The same with data/saas_churn.csv, 2,000 made-up accounts."""
    _sample("saas", read_table(SAAS_FILE, SAAS), compare, write)


@evaluate.command()
@click.option("--write", is_flag=True, help="Write the table to docs/.")
def unseen(write: bool) -> None:
    """Tables that come with lifelines and scikit-survival, none of which the defaults were made on.

    Each against lifelines' plain Cox and a random survival forest, three splits.
    """
    console = Console()
    rivals.rivals()
    models: dict[str, Rival] = {OURS: ours, **{name: rivals.ALL[name] for name in bundled.AGAINST}}
    rows: list[str] = []
    for table in bundled.tables():
        judgement = compare_on_splits(table, console, 3, models)
        console.print(grid(f"{table.name}, held out, 3 splits", judgement))
        rows.append(_line(table, judgement))
    if write:
        names = [OURS, *bundled.AGAINST]
        head = " | ".join(f"{name}: C | IBS" for name in names)
        text = f"| table | rows | lost | {head} |\n|---|---|---|{'---|' * 2 * len(names)}\n"
        write_between(PAGE, "unseen", text + "".join(rows))


def _line(table: Table, judgement: FiguresByModel) -> str:
    cells = [
        f"{np.mean(figures['c_index']):.3f} | {np.mean(figures['ibs']):.4f}"
        for figures in judgement.values()
    ]
    return f"| {table.name} | {len(table):,} | {int(table.event.sum()):,} | {' | '.join(cells)} |\n"
