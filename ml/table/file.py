"""Read a CSV or Parquet file; what cannot be read, or would be read wrong, is refused by name."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from ml.frames.frame import TrainingRefused
from ml.table.notation import MOSTLY, POINTED
from ml.table.text import read_lines


def read_file(path: Path, *, decimal: str = ".", thousands: str | None = None) -> pd.DataFrame:
    """The rows of a file, Parquet by its first bytes, CSV otherwise (, ; tab or | between columns).

    Rows of a CSV are indexed by the line on which they end. `decimal` and `thousands` are the
    characters that numbers in text are written with.

    Raises
    ------
    TrainingRefused
        If the file is missing, unreadable, empty, names a column twice, or has rows of other
        lengths than its header.
    """
    if not path.is_file():
        raise TrainingRefused(f"--data: there is no file {path}")
    rows = _parquet(path) if _is_parquet(path) else _csv(path, decimal, thousands)
    rows.columns = [str(name) for name in rows.columns]
    twice = rows.columns[rows.columns.duplicated()].tolist()
    if twice:
        raise TrainingRefused(f"--data: {path} has more than one column {twice[0]!r}")
    if not len(rows):
        raise TrainingRefused(f"--data: {path} is empty: it has no row to learn from")
    return rows


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingRefused(f"--data: {path} is no Parquet table: {reason}") from error


def _csv(path: Path, decimal: str, thousands: str | None) -> pd.DataFrame:
    lines = read_lines(path)
    rows: pd.DataFrame = pd.read_csv(
        io.StringIO(lines.text),
        sep=lines.separator,
        decimal=decimal,
        thousands=thousands,
        low_memory=False,
    )
    rows.index = lines.numbers
    if decimal != ".":
        for name in rows.columns:
            _without_points(path, str(name), rows[name], decimal)
    return rows


def _without_points(path: Path, name: str, values: "pd.Series[Any]", decimal: str) -> None:
    """Where a comma is the decimal sign, a point is none: 1.234 would be read as about 1."""
    texts = values.dropna().map(str) if values.dtype == object else values[:0].map(str)
    pointed = texts[texts.str.fullmatch(POINTED)] if len(texts) else texts
    if len(pointed) and pd.to_numeric(texts, errors="coerce").notna().mean() >= MOSTLY:
        raise TrainingRefused(
            f"{path}: {name}: line {pointed.index[0]} has {pointed.iloc[0]!r}, but --decimal is"
            f" {decimal!r}; allowed: numbers without a point, or --thousands . where points group"
        )
