"""Figures of one or more models over splits, for a terminal, a page and a program."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from rich.table import Table as Grid

from ml.table.table import Table

FiguresByModel: TypeAlias = Mapping[str, Mapping[str, Sequence[float]]]

NAMES = {"c_index": "C", "uno_c": "C (Uno)", "ibs": "IBS"}
HINTS = "C, AUC: higher is better; IBS, ICI: lower; O/E: 1 is right"


def title(figure: str) -> str:
    """A figure's name for readers: `auc_12` becomes `AUC at 12`."""
    if figure in NAMES:
        return NAMES[figure]
    kind, _, at = figure.partition("_")
    return f"{'O/E' if kind == 'oe' else kind.upper()} at {at}"


def grid(heading: str, judgement: FiguresByModel) -> Grid:
    """Mean and, for a single model, spread of each figure."""
    several = len(judgement) > 1
    first = next(iter(judgement.values()))
    table = Grid(title=heading, caption=HINTS, title_justify="left", caption_justify="left")
    table.add_column("model" if several else "figure", no_wrap=True)
    columns = [title(name) for name in first] if several else ["mean", "sd over splits"]
    for column in columns:
        table.add_column(column, justify="right", min_width=6)
    if several:
        for model, figures in judgement.items():
            table.add_row(model, *(f"{np.mean(values):.4f}" for values in figures.values()))
    else:
        for name, values in first.items():
            table.add_row(title(name), f"{np.mean(values):.4f}", _spread(values))
    return table


def _spread(values: Sequence[float]) -> str:
    return f"{np.std(values, ddof=1):.4f}" if len(values) > 1 else ""


def markdown(judgement: FiguresByModel) -> str:
    """The same as a table of a page."""
    first = next(iter(judgement.values()))
    if len(judgement) == 1:
        lines = [
            f"| {title(name)} | {np.mean(values):.4f} | {_spread(values)} |\n"
            for name, values in first.items()
        ]
        return "| figure | mean | sd over splits |\n|---|---|---|\n" + "".join(lines)
    lines = [
        f"| {model} | "
        + " | ".join(f"{np.mean(values):.4f}" for values in figures.values())
        + " |\n"
        for model, figures in judgement.items()
    ]
    head = " | ".join(title(name) for name in first)
    return f"| model | {head} |\n|---|{'---|' * len(first)}\n" + "".join(lines)


def plain(table: Table, judgement: FiguresByModel) -> dict[str, Any]:
    """The same for a program: mean, sd and each split's value; how each column was read."""
    return {
        "table": table.name,
        "unit": table.question.unit,
        "rows": len(table),
        "lost": int(table.event.sum()),
        "signals": [{"name": s.name, "kind": s.kind, "note": s.note} for s in table.signals],
        "notes": list(table.notes),
        "models": {
            model: {
                name: {
                    "mean": float(np.mean(values)),
                    "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
                    "splits": list(values),
                }
                for name, values in figures.items()
            }
            for model, figures in judgement.items()
        },
    }
