"""The Telco file: read strictly, and turned into rows that say no more than it knows."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.cli.tenure import main
from infra.loading import telco
from infra.loading.errors import LoadError
from tests.architecture.tree import ROOT

FILE = ROOT / "data/telco.csv"
UNTIL = date(2026, 7, 1)
Spoil = Callable[[list[str]], None]


def cell(line: int, column: str, text: str) -> Spoil:
    """Put another text into one cell."""

    def spoil(lines: list[str]) -> None:
        cells = lines[line - 1].split(",")
        cells[telco.HEADER.index(column)] = text
        lines[line - 1] = ",".join(cells)

    return spoil


def replaced(line: int, old: str, new: str) -> Spoil:
    def spoil(lines: list[str]) -> None:
        lines[line - 1] = lines[line - 1].replace(old, new)

    return spoil


def refusal(folder: Path, spoil: Spoil) -> str:
    lines = FILE.read_text().splitlines()[:30]
    spoil(lines)
    path = folder / "telco.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(LoadError) as refused:
        telco.read(path)
    return str(refused.value).replace(f"{path}: ", "")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            cell(17, "MonthlyCharges", "abc"),
            "line 17, column MonthlyCharges: 'abc' is not a number",
        ),
        (cell(17, "MonthlyCharges", "nan"), "column MonthlyCharges: 'nan' is not a number"),
        (cell(17, "MonthlyCharges", "-3"), "column MonthlyCharges: '-3' is not a number"),
        (cell(17, "MonthlyCharges", "1.234"), "'1.234' has more than two decimals"),
        (cell(9, "tenure", "7.5"), "line 9, column tenure: '7.5' is not a whole number"),
        (cell(9, "tenure", "9999"), "line 9, column tenure: '9999' is more than 1200"),
        (cell(2, "Churn", "Perhaps"), "line 2, column Churn: 'Perhaps' is none of Yes, No"),
        (cell(3, "Contract", ""), "line 3, column Contract: '' is none of Month-to-month,"),
        (cell(4, "customerID", " "), "line 4, column customerID: is empty"),
        (cell(5, "customerID", "7590-VHVEG"), "'7590-VHVEG' stands in line 2 already"),
        (replaced(1, "tenure", "Tenure"), "line 1: the column tenure is missing"),
        (replaced(1, ",Churn", ",Churn,Mood"), "line 1: the column 'Mood' is not known"),
        (replaced(1, ",Churn", ",Churn,Churn"), "line 1: a column stands there twice"),
        (lambda lines: lines.append("7-SHORT,Male"), "line 31, column SeniorCitizen: is missing"),
        (replaced(7, ",Yes", ",Yes,more"), "line 7, column 22: the header has no such column"),
        (cell(7, "Partner", '"No'), "line 30: unexpected end of data"),
        (lambda lines: lines.clear(), "holds no customers"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, spoil: Spoil, words: str):
    assert words in refusal(tmp_path, spoil)


def test_a_file_that_is_not_there_or_not_text_is_one_sentence(tmp_path: Path):
    with pytest.raises(LoadError, match="no such file"):
        telco.read(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"customerID,\xff\xfe")
    with pytest.raises(LoadError, match="byte 11 is not UTF-8"):
        telco.read(tmp_path / "bytes.csv")


def test_the_command_says_it_in_one_line_and_ends_with_code_2(tmp_path: Path):
    path = tmp_path / "telco.csv"
    path.write_text("a,b\n1,2\n")
    ended = CliRunner().invoke(main, ["import", "telco", str(path)])
    assert ended.exit_code == 2
    assert ended.output == f"tenure: {path}: line 1: the column customerID is missing\n"


@pytest.fixture(scope="module")
def customers() -> list[telco.Customer]:
    return telco.read(FILE)


def test_the_sample_is_complete(customers: list[telco.Customer]):
    assert len(customers) == 7_043
    assert sum(customer.churned for customer in customers) == 1_869
    assert Counter(customer.term_months for customer in customers) == {
        1: 3_875,
        12: 1_473,
        24: 1_695,
    }
    assert sum(customer.tenure_months == 0 for customer in customers) == 11


def test_total_charges_and_the_outcome_are_no_traits(customers: list[telco.Customer]):
    keys = {key for customer in customers for key in customer.traits}
    assert len(keys) == 14
    assert not [key for key in keys if "total" in key or "churn" in key or "tenure" in key]


def test_price_is_in_whole_cents(customers: list[telco.Customer]):
    assert customers[0].monthly_cents == 2_985
    assert sum(customer.monthly_cents for customer in customers) == 45_611_660


def test_a_contract_spans_the_tenure_and_ends_ahead_or_on_the_day(customers: list[telco.Customer]):
    for customer in customers:
        signed, *ended = telco.contract_rows(customer, UNTIL)
        months = (UNTIL.year - signed.start_on.year) * 12 + UNTIL.month - signed.start_on.month
        assert months == customer.tenure_months
        assert signed.end_on is not None
        assert signed.end_on > UNTIL
        assert bool(ended) == customer.churned
        assert all(row.ended_on == UNTIL and row.outcome == "lost" for row in ended)
        assert all(row.recorded_at > signed.recorded_at for row in ended)


def test_the_same_file_and_day_give_the_same_rows(customers: list[telco.Customer]):
    first, again = (
        [list(batch.rows) for batch in telco.batches(customers[:200], UNTIL)] for _ in range(2)
    )
    assert first == again
