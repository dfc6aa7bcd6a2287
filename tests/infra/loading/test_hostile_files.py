"""Whatever a row of a file holds, it costs itself only, and is turned away with its reason."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from infra.loading.events import Reading, Record, kind_of, records, verdict

AT = "2026-11-01T09:30:00Z"
ACCOUNT = "00000000-0000-0000-0000-000000000001"
FIRST, LAST = -(2**63) + 1, 2**63 - 1


def verdicts(path: Path) -> list[str | None]:
    """Of each row the field for which it is turned away; none where it is good."""
    reading = Reading()

    def of(number: int, record: Record) -> str | None:
        if record.values is None:
            assert record.problem
            return "row"
        problem = verdict(number, reading.row(record.values, f"x{number}"))
        return problem.field if problem else None

    return [of(number, record) for number, record in enumerate(records(path, kind_of(path)))]


TEXTS: list[tuple[str, str | None]] = [
    ('"2026-11-01"', None), ("1793525400", None), ("1793525400000", None),
    ('"2026-11-01 09:30:00 UTC"', None), ('"2026-11-01 09:30:00.1 +0000"', None),
    ('"\\ud800"', "row"), ("NaN", "row"), ("1e400", "row"), ('"\\u0000"', "occurredAt"),
    ("[" * 5_000 + "]" * 5_000, "row"), ("9" * 5_000, "row"), ("{}", "occurredAt"),
    ('"0001-01-01T00:00:00+01:00"', "occurredAt"), ("true", "occurredAt"), ("7,", "row"),
    (f'"{"x" * 200_000}"', "row"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field"), TEXTS, ids=[text[:20] for text, _ in TEXTS])
def test_a_hostile_line_costs_itself_only(tmp_path: Path, text: str, field: str | None) -> None:
    line = f'{{"feature": "f", "accountId": "{ACCOUNT}", "occurredAt": %s}}'
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(line % each for each in (f'"{AT}"', text, f'"{AT}"')))
    assert verdicts(path) == [None, field, None]


CELLS: list[tuple[str, str | None]] = [
    ("2026-11-01,1,", None), ("1793525400,1,", None), (" 1793525400000 ,1,", None),
    ("now,1,", "occurredAt"), ("2026-11-01,nan,", "quantity"), ("2026-11-01,1e999,", "quantity"),
    ("2026-11-01,x,", "quantity"), ("2026-11-01,1,[[[", "properties"),
    (f"2026-11-01,1,{'[' * 5_000}", "properties"), ("2026-11-01\0,1,", "occurredAt"),
    ("2026-11-01,1,,9", "row"), (f"2026-11-01,1,{'x' * 200_000}", "row"), ("2026-11-01", None),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "field"), CELLS, ids=[cells[:20] for cells, _ in CELLS])
def test_a_hostile_record_costs_itself_only(tmp_path: Path, cells: str, field: str | None) -> None:
    path = tmp_path / "events.csv"
    rows = (f"f,{ACCOUNT},{each}" for each in (f"{AT},1,", cells, f"{AT},1,"))
    path.write_text("\n".join(["feature,accountId,occurredAt,quantity,properties", *rows]))
    assert verdicts(path) == [None, field, None]


COLUMNS: list[tuple[str, Sequence[Any], pyarrow.DataType, list[str | None]]] = [
    (
        "occurredAt",
        [1793525400123456789, LAST],
        pyarrow.timestamp("ns", "UTC"),
        [None, "occurredAt"],
    ),
    ("occurredAt", [1793525400123456, FIRST], pyarrow.timestamp("us"), [None, "row"]),
    ("occurredAt", [1793525400, 10**12], pyarrow.timestamp("s"), [None, "row"]),
    ("occurredAt", [date(2026, 11, 1), date(1, 1, 1)], pyarrow.date32(), [None, "occurredAt"]),
    ("occurredAt", [1793525400, 7], pyarrow.int64(), [None, "occurredAt"]),
    ("occurredAt", [1793525400000.0, float("nan")], pyarrow.float64(), [None, "occurredAt"]),
    ("quantity", [Decimal("1.5"), Decimal(-1)], pyarrow.decimal128(9, 2), [None, "quantity"]),
    ("quantity", [1.0, float("inf")], pyarrow.float64(), [None, "quantity"]),
    ("properties.at", [1793525400123456789, 7], pyarrow.timestamp("ns"), [None, None]),
    ("properties.span", [5, 7], pyarrow.duration("ns"), [None, None]),
    ("properties.raw", [b"\xff", b"a"], pyarrow.binary(), [None, None]),
]


@pytest.mark.parametrize(("name", "values", "kind", "fields"), COLUMNS)
def test_a_hostile_cell_of_parquet_costs_its_row_only(
    tmp_path: Path, name: str, values: Sequence[Any], kind: pyarrow.DataType,
    fields: list[str | None],
) -> None:  # fmt: skip
    columns = {"feature": ["f"] * 2, "accountId": [ACCOUNT] * 2, "occurredAt": [AT] * 2}
    path = tmp_path / "events.parquet"
    parquet.write_table(pyarrow.table(columns | {name: pyarrow.array(values, kind)}), path)
    assert verdicts(path) == fields
