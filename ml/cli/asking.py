"""Options by which a table of one's own is named and its columns are explained."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from ml.cli.paths import FILE
from ml.table.question import Question
from ml.table.table import Table, read_table, strict
from shared.vocabulary.errors import InvalidInput

WRITTEN = (
    click.option(
        "--decimal", default=".", show_default=True, type=click.Choice([".", ","]),
        help="How decimals are written in a CSV.",
    ),
    click.option(
        "--thousands", type=click.Choice([",", ".", " ", "'"]),
        help="What groups thousands in a CSV; nothing if left out.",
    ),
)  # fmt: skip
"""How numbers are written, for every command that reads a file."""

OPTIONS = (
    click.option("--data", type=FILE, help="CSV or Parquet file, one row a subject (or --panel)."),
    click.option("--duration", help="Column: how long it was followed; any unit, any numbers."),
    click.option("--event", help="Column: lost then (1, yes, true …) or not (0, no, false …)."),
    click.option("--lost", help="The value of --event that means lost, where it is another."),
    click.option("--cause", help="Column: why it was lost; a hazard of its own for each cause."),
    click.option(
        "--entry-time", "entry", help="Column: when observation began, on the clock of --duration."
    ),
    click.option("--panel", is_flag=True, help="Many rows a subject: needs --id and --time."),
    click.option("--id", "subject", help="Column: who it is; never a signal."),
    click.option("--time", help="Column: a panel row's moment, on the clock of --duration."),
    click.option(
        "--calendar", help="Column: the day of each row's landmark; for `tenure backtest`."
    ),
    click.option("--as-of", help="Day, or column of days: dates become ages before it."),
    click.option("--ignore", multiple=True, metavar="COL", help="Column to leave out; repeatable."),
    click.option(
        "--level",
        "levels",
        multiple=True,
        metavar="COL",
        help="Column of levels, even if its values look like numbers or days; repeatable.",
    ),
    *WRITTEN,
    click.option("--strict", is_flag=True, help="Refuse columns that would be left out."),
    click.option("--unit", default="months", show_default=True, help="What durations count."),
)


NEEDED = {
    "data": "a CSV or Parquet file",
    "duration": "the column that says how long each row was followed",
    "event": "the column that says whether it was lost then",
}


def asks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that explain a table."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def table_of(options: dict[str, Any]) -> Table:
    """Read the table that the options name.

    Raises
    ------
    InvalidInput
        If an option is missing that is needed, or that the others call for.
    TrainingRefused
        If the table cannot be learned from.
    """
    for option, what in NEEDED.items():
        if options[option] is None:
            raise InvalidInput(f"--{option} is missing: name {what}")
    if options["panel"] and not (options["subject"] and options["time"]):
        raise InvalidInput("--panel", True, "given together with --id COL and --time COL")
    if options["time"] and not options["panel"]:
        raise InvalidInput("--time", options["time"], "given together with --panel")
    table = read_table(
        options["data"],
        Question(**{field.name: options[field.name] for field in fields(Question)}),
        decimal=options["decimal"],
        thousands=options["thousands"],
    )
    if options["strict"]:
        strict(table.signals)
    return table
