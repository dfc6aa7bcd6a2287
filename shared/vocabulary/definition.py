"""What a metric means, in words that are generated into docs/metrics.md."""

import csv
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import msgspec


@dataclass(frozen=True, slots=True)
class Definition:
    """Says what a number is; with another formula it is another version."""

    id: str
    version: int
    title: str
    formula: str
    unit: str
    window: str
    direction: str
    source: str


COLUMNS: Final = {field.name: field for field in fields(Definition)}.keys()


def by_id(*definitions: Definition) -> dict[str, Definition]:
    """The definitions under their ids; an id names one thing."""
    ids = {definition.id: definition for definition in definitions}
    if len(ids) < len(definitions):
        raise ValueError("two definitions share an id")
    return ids


def read(path: Path) -> dict[str, Definition]:
    """The definitions of a file, a line each, under their ids.

    Raises
    ------
    ValueError
        If a column or what should stand in it is missing, or two lines have the same id.
    """
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        if row.keys() != COLUMNS or not all(row.values()):
            raise ValueError(f"{path}: {row.get('id')} has to say {', '.join(COLUMNS)}")
    return by_id(*msgspec.convert(rows, list[Definition], strict=False))
