"""The text of a CSV file, looked at before it is read: what would be read wrong is refused."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from ml.frames.frame import TrainingRefused

SEPARATORS: Final = ",;\t|"
NAMED: Final = "a comma, a semicolon, a tab or a bar"
OTHER_FILES: Final = {b"PK": "an Excel or ZIP file", b"\x1f\x8b": "a gzip file"}
MAX_CELL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Lines:
    """A file's text, its separator, its columns' names, and the line on which each row ends."""

    text: str
    separator: str
    names: list[str]
    numbers: "pd.Index[int]"


def read_lines(path: Path) -> Lines:
    """Read a CSV file's text, UTF-8 or UTF-16, and check its shape.

    Raises
    ------
    TrainingRefused
        If it is no text, if a name stands over two columns, if columns are separated by something
        else, or if a row has other cells than the header.
    """
    text = _text(path)
    csv.field_size_limit(MAX_CELL)
    separator = _separator(path, text)
    names: list[str] = []
    numbers: list[int] = []
    for line, cells in _rows(path, text, separator):
        if not names:
            names = [cell.strip() for cell in cells]
            _check_names(path, line, names, separator)
        elif len(cells) != len(names):
            raise TrainingRefused(
                f"{path}: line {line} has {len(cells)} cells, the header has {len(names)}"
                f" (columns are separated by {separator!r}): {_start(cells)}"
            )
        else:
            numbers.append(line)
    return Lines(text, separator, names, pd.Index(numbers, name="line"))


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for start, kind in OTHER_FILES.items():
        if raw.startswith(start):
            raise TrainingRefused(f"--data: {path} is {kind}; CSV and Parquet are read")
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TrainingRefused(
            f"--data: {path} is neither a CSV in UTF-8 nor a Parquet file: line {line} holds the"
            f" byte {raw[error.start]:#04x}; save it as UTF-8"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise TrainingRefused(
            f"--data: {path} is neither a CSV nor a Parquet file: line {line} holds a NUL"
            " character; save it as UTF-8"
        )
    return text


def _separator(path: Path, text: str) -> str:
    """The separator that gives the header the most cells."""
    widths = {each: _width(text, each) for each in SEPARATORS}
    separator = max(widths, key=lambda each: widths[each])
    if widths[separator] == 0:
        raise TrainingRefused(f"--data: {path} is neither a CSV nor a Parquet table: it is empty")
    if widths[separator] == 1:
        start = text.lstrip().splitlines()[0][:60]
        raise TrainingRefused(
            f"--data: {path} has one column, {start!r}; columns are separated by {NAMED}"
        )
    return separator


def _width(text: str, separator: str) -> int:
    """Cells of the header, if this were the separator."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return len(next(filter(None, reader), []))


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if cells and not (len(cells) == 1 and cells[0].isspace()):
                yield reader.line_num, cells
    except csv.Error as error:
        raise TrainingRefused(f"{path}: line {reader.line_num} cannot be read: {error}") from error


def _check_names(path: Path, line: int, names: Sequence[str], separator: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [number for number, name in enumerate(names, 1) if name == twice[0]]
        raise TrainingRefused(
            f"{path}: line {line} has more than one column {twice[0]!r}"
            f" (columns {', '.join(map(str, places))}); each column needs a name of its own"
        )


def _start(cells: Sequence[str]) -> str:
    text = ", ".join(map(repr, cells[:4]))
    return text if len(cells) <= 4 else f"{text}, …"
