"""Read a CSV or Parquet file; what cannot be read is refused in one sentence."""

from pathlib import Path

import pandas as pd

from ml.frames.frame import TrainingRefused


def read_file(path: Path) -> pd.DataFrame:
    """The rows of a file, Parquet by its first bytes, CSV otherwise (any of , ; tab as separator).

    Raises
    ------
    TrainingRefused
        If the file is missing, unreadable, empty, or names a column twice.
    """
    if not path.is_file():
        raise TrainingRefused(f"--data: there is no file {path}")
    try:
        rows = _parquet(path) if _is_parquet(path) else _csv(path)
    except (UnicodeDecodeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingRefused(
            f"--data: {path} is neither a CSV nor a Parquet table: {reason}"
        ) from error
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
    return pd.read_parquet(path)


def _csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as file:
        head = file.readline()
    separator = max(",;\t", key=head.count)
    return pd.read_csv(path, sep=separator, encoding="utf-8-sig", low_memory=False)
