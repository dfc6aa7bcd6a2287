"""A good table spoilt in every way: named with its place, or left out by name; never read wrong."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cli.tenure import main
from ml.frames.frame import TrainingRefused
from ml.table.question import Question
from ml.table.table import Table, read_table, table_of
from tests.ml.table.examples import QUESTION, customers

ROWS = 120
GOOD = customers(ROWS).assign(
    seats=lambda rows: rows["seats"] + 0.25, months=lambda rows: rows["months"].round(2)
)
NAMED = ("--duration", "months", "--event", "churned", "--id", "customer_id")
LOST = (GOOD["churned"] == "yes").to_numpy()
some = settings(max_examples=12)


def read(rows: pd.DataFrame, **options: Any) -> Table:
    return table_of(
        rows, Question(QUESTION.duration, QUESTION.event, subject="customer_id", **options), "x"
    )


def same(table: Table, other: Table) -> bool:
    """Whether two tables hold the same numbers, so that the same forecast comes of them."""
    return (
        {name: values.tolist() for name, values in table.columns.items()}
        == {name: values.tolist() for name, values in other.columns.items()}
        and table.duration.tolist() == other.duration.tolist()
        and table.event.tolist() == other.event.tolist()
    )


def left_out(table: Table) -> dict[str, str]:
    return {signal.name: signal.note for signal in table.signals if signal.kind == "left out"}


SEEDS = st.integers(0, 2**32 - 1)
SIGNS = st.sampled_from([(",", "."), (",", None), (".", ","), (".", "'")])
PAIRS = st.sampled_from([
    ("yes", "no"), ("no", "yes"), (1, 0), (0, 1), (True, False), ("Churned", "Active"), (9, 2.5),
    ("gone", None), (None, "here"),
])  # fmt: skip


@given(PAIRS, st.integers(0, 3), SEEDS)
@some
def test_a_copy_of_the_label_is_left_out_by_name(
    pair: tuple[Any, Any], wrong: int, seed: int
) -> None:
    lost, stayed = pair
    copy = np.where(
        LOST, np.array([lost] * ROWS, dtype=object), np.array([stayed] * ROWS, dtype=object)
    )
    odd = np.random.default_rng(seed).choice(ROWS, wrong, replace=False)
    copy[odd] = [stayed if value == lost else lost for value in copy[odd]]
    table = read(GOOD.assign(copy=copy))
    assert re.search("tells who was lost|wherever it is known", left_out(table)["copy"])
    assert same(table, read(GOOD))


@given(st.integers(2, 9), st.integers(2, 9), SEEDS)
@some
def test_a_recode_of_the_label_into_many_values_is_left_out_too(a: int, b: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reasons = np.where(LOST, rng.integers(0, a, ROWS), 100 + rng.integers(0, b, ROWS))
    for values in (reasons, [f"reason {value}" for value in reasons], reasons + rng.random(ROWS)):
        table = read(GOOD.assign(copy=values))
        assert "tells who was lost" in left_out(table)["copy"]
        assert same(table, read(GOOD))


@given(st.sampled_from([1.0, 30.4375, -1.0, 1 / 12]), st.floats(-100, 100), st.booleans())
@some
def test_a_copy_of_the_time_followed_is_left_out_by_name(by: float, to: float, whole: bool) -> None:
    copy = GOOD["months"] * by * 12 + to
    table = read(GOOD.assign(copy=copy.round() if whole else copy))
    assert "orders the rows as months does" in left_out(table)["copy"]
    assert same(table, read(GOOD))


@given(st.integers(2, 6), st.booleans())
@some
def test_spans_of_the_time_followed_are_left_out_by_name(spans: int, named: bool) -> None:
    codes = pd.qcut(GOOD["months"], spans, labels=False)
    table = read(GOOD.assign(copy=codes.map("span {}".format) if named else codes))
    assert "orders the rows as months does" in left_out(table)["copy"]
    assert same(table, read(GOOD))


@given(SEEDS, st.integers(2, 40), st.floats(0.0, 0.7))
@some
def test_what_only_goes_with_the_label_stays(seed: int, kinds: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    follows = rng.random(ROWS) < share
    level = np.where(follows, np.where(LOST, "a", "b"), rng.choice(["a", "b", "c"], ROWS))
    columns = {
        "level": level,
        "noise": [f"k{value}" for value in rng.integers(0, kinds, ROWS)],
        "number": np.where(follows, GOOD["months"], rng.gamma(2.0, 6.0, ROWS)),
    }
    table = read(GOOD.assign(**columns))
    assert set(columns) <= set(table.columns)


def test_a_value_with_which_nobody_was_lost_has_no_ratio(tmp_path: Path) -> None:
    lost = (rows := customers(200))["churned"] == "yes"
    rows = rows[["customer_id", "churned"]].assign(
        safe=np.where(lost, 0, np.arange(200) % 2), months=np.ceil(rows["months"] / 4)
    )
    rows.to_csv(tmp_path / "x.csv", index=False)
    table = read_table(tmp_path / "x.csv", QUESTION)
    assert table.unbounded == {"safe"}
    assert "safe: nobody was lost with 1" in table.notes[0]
    shown = CliRunner().invoke(main, ["fit", "--data", str(tmp_path / "x.csv"), *NAMED]).output
    assert "safe: nobody was lost with 1" in shown
    assert "unbounded" in shown
    assert not read(GOOD).unbounded


def text_of(rows: pd.DataFrame = GOOD, **options: Any) -> str:
    return str(rows.to_csv(index=False, **options))


def changed(line: int, old: str, new: str) -> bytes:
    """The good table's text with one line changed."""
    lines = text_of().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return "".join(lines).encode()


def with_newline() -> bytes:
    """The good table with a line break within a value."""
    rows = GOOD.assign(plan=GOOD["plan"].replace("pro", "pro\nplus"))
    return text_of(rows).encode()


HARMLESS: dict[str, bytes] = {
    "a byte order mark": text_of().encode("utf-8-sig"),
    "UTF-16": text_of().encode("utf-16"),
    "lines as Windows ends them": text_of(lineterminator="\r\n").encode(),
    "semicolons": text_of(sep=";").encode(),
    "tabs": text_of(sep="\t").encode(),
    "bars": text_of(sep="|").encode(),
    "quotes everywhere": text_of(quoting=csv.QUOTE_ALL).encode(),
    "blank lines": text_of().replace("\n", "\n\n").encode(),
    "no end of the last line": text_of().rstrip("\n").encode(),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_what_says_the_same_is_read_the_same(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert same(read_table(path, QUESTION), read(pd.read_csv(io.StringIO(text_of()))))


FIRST = text_of().splitlines()[1].split(",")
SPOILT: dict[str, tuple[bytes, str]] = {
    "a name twice": (
        text_of().replace("plan", "months", 1).encode(),
        r"line 1 has more than one column 'months' \(columns 3, 6\)",
    ),
    "a name twice but for a space": (
        text_of().replace("plan", "months ", 1).encode(), "more than one column 'months'",
    ),
    "a cell too many": (changed(7, ",", ",1,"), "line 7 has 8 cells, the header has 7"),
    "a cell too few": (changed(9, ",", ""), "line 9 has 6 cells, the header has 7"),
    "cells without a name": (
        text_of().replace("\n", ",\n").replace(",\n", "\n", 1).encode(), "line 2 has 8 cells",
    ),
    "another separator below the header": (
        text_of().partition("\n")[0].encode() + b"\n" + text_of(sep=";", header=False).encode(),
        "line 2 has 1 cells, the header has 7",
    ),
    "separated by spaces": (text_of(sep=" ").encode(), "has one column, .* comma, a semicolon"),
    "an open quote": (changed(5, ",", ',"'), "line .* cannot be read: unexpected end of data"),
    "text behind a quote": (changed(5, ",", ',"a"b'), "line 5 cannot be read"),
    "Latin letters": (
        changed(4, "c2", "ü").decode().encode("latin-1"),
        "line 4 holds the byte 0xfc; save it as UTF-8",
    ),
    "UTF-16 without a mark": (
        text_of().encode("utf-16-le"), "line 1 holds a NUL .* save it as UTF-8",
    ),
    "an Excel file": (b"PK\x03\x04....", "is an Excel or ZIP file; CSV and Parquet are read"),
    "a compressed file": (b"\x1f\x8b\x08....", "is a gzip file; CSV and Parquet are read"),
    "nothing but names": (text_of().partition("\n")[0].encode(), "is empty"),
    "decimal commas": (
        text_of(sep=";", decimal=",").encode(),
        r"months: line 2 has '\d+,\d+'; allowed: .* --decimal ,",
    ),
    "a decimal comma in a signal": (
        text_of(GOOD.assign(seats=GOOD["seats"].map(lambda v: f"{v}".replace(".", ",")))).encode(),
        r"seats: line 2 has '\d+,25'; allowed: numbers such as 1234.5, or --decimal ,",
    ),
    "grouped thousands": (
        text_of(GOOD.assign(seats=GOOD["seats"].map(lambda v: f"{v * 1e6:,.0f}"))).encode(),
        r"seats: line 2 has '[\d,]+'; .* --thousands , where commas group",
    ),
    "shares": (
        text_of(GOOD.assign(seats=GOOD["seats"].map("{}%".format))).encode(),
        "seats: line 2 has '.*%'; .* without signs",
    ),
    "one number of many in another way": (
        text_of(GOOD.assign(seats=GOOD["seats"].map(str).where(GOOD.index != 9, "10,25"))).encode(),
        "seats: line 11 has '10,25'; .* --decimal ,",
    ),
    "an endless number": (
        text_of(GOOD.assign(seats=GOOD["seats"].where(GOOD.index != 9, np.inf))).encode(),
        "seats: line 11 has 'inf'; allowed: finite numbers",
    ),
    "days in two ways": (
        text_of(GOOD.assign(signed=GOOD["signed"].where(GOOD.index != 9, "31.12.2025"))).encode(),
        "signed: line 11 has '31.12.2025'; allowed: days such as 2026-01-31",
    ),
    "a day that is none": (
        text_of(GOOD.assign(signed=GOOD["signed"].where(GOOD.index != 9, "2025-13-45"))).encode(),
        "signed: line 11 has '2025-13-45'; allowed: days such as 2026-01-31",
    ),
    "an empty duration": (
        text_of(GOOD.assign(months=GOOD["months"].where(GOOD.index != 9))).encode(),
        "months: line 11 has nothing; a number is needed",
    ),
    "a line break within a value before it": (
        with_newline().replace(b",yes\n", b",maybe\n", 1), "churned: line .* has 'maybe'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), SPOILT.values(), ids=SPOILT)
def test_what_would_be_read_wrong_is_refused_with_its_place(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(TrainingRefused, match=f"(?s){re.escape(str(path))}.*{reason}"):
        read_table(path, QUESTION)
    refused = CliRunner().invoke(main, ["fit", "--data", str(path), *NAMED])
    assert refused.exit_code == 2
    assert str(path) in refused.output


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = GOOD.assign(plan="a\nb", churned=np.where(GOOD.index == 5, "maybe", GOOD["churned"]))
    path.write_text(text_of(rows))
    with pytest.raises(TrainingRefused, match="churned: line 13 has 'maybe'"):
        read_table(path, QUESTION)


@given(SIGNS, SEEDS)
@some
def test_numbers_are_read_as_they_are_said_to_be_written(
    tmp_path_factory: pytest.TempPathFactory, signs: tuple[str, str | None], seed: int
) -> None:
    decimal, thousands = signs
    numbers = np.random.default_rng(seed).gamma(1.0, 5e4, ROWS).round(2)

    def written(value: float) -> str:
        usual = f"{value:,.2f}" if thousands else f"{value:.2f}"
        return usual.translate(str.maketrans({",": thousands, ".": decimal}))

    path = tmp_path_factory.mktemp("numbers") / "x.csv"
    rows = GOOD.assign(seats=numbers, months=GOOD["months"].round())
    written_rows = rows.assign(seats=rows["seats"].map(written), months=rows["months"].astype(int))
    path.write_text(text_of(written_rows, sep=";"))
    table = read_table(path, QUESTION, decimal=decimal, thousands=thousands)
    assert same(table, read(pd.read_csv(io.StringIO(text_of(rows)))))
    with pytest.raises(TrainingRefused, match=r"seats: line \d+ has .* allowed: numbers such as"):
        read_table(path, QUESTION)


def test_points_are_no_decimal_signs_where_commas_are(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("customer_id;seats;plan;months;churned\n" + "".join(
        f"c{n};{1 + n % 9}.{200 + n};{'ab'[n % 2]};{n % 7 + 1},5;{n % 3 == 0}\n" for n in range(60)
    ))  # fmt: skip
    with pytest.raises(TrainingRefused, match=r"seats: line 2 has '1\.200', but --decimal is ','"):
        read_table(path, QUESTION, decimal=",")
    assert (
        1200.0 in read_table(path, QUESTION, decimal=",", thousands=".").columns["seats"].tolist()
    )


def test_a_column_that_only_looks_like_numbers_can_be_said_to_be_one_of_levels() -> None:
    rows = GOOD.assign(picks=["1,3", "2,7", "1,4"] * 40, zone=[1, 2, 3] * 40)
    with pytest.raises(TrainingRefused, match=r"picks: row 1 has '1,3'; .* --level picks"):
        read(rows)
    kinds = {signal.name: signal.kind for signal in read(rows, levels=("picks", "zone")).signals}
    assert (kinds["picks"], kinds["zone"]) == ("level", "level")


def test_values_that_are_not_read_are_counted_and_shown() -> None:
    rows = GOOD.assign(seats=GOOD["seats"].map(str).where(GOOD.index > 2, "n/a "))
    notes = {signal.name: signal.note for signal in read(rows).signals}
    assert (
        "3 of its values are no number and count as unknown, e.g. 'n/a ' on row 1" in notes["seats"]
    )
