"""How a table's columns are read, and which tables are refused, with the reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.frames.frame import TrainingRefused
from ml.table.file import read_file
from ml.table.forecast import fit_table
from ml.table.grid import Grid
from ml.table.question import Question
from ml.table.signals import read_as
from ml.table.table import strict, table_of
from tests.ml.table.examples import QUESTION, customers


def read(rows, question=QUESTION):
    return table_of(rows, question, "made")


def kinds(table):
    return {signal.name: signal.kind for signal in table.signals}


def test_kinds_of_columns_are_found_out_and_what_says_nothing_is_named():
    rows = customers().assign(
        uuid=[f"{i:08x}" for i in range(400)],
        country="DE",
        nothing=np.nan,
        price=[str(i % 37) if i % 50 else " " for i in range(400)],
        line_id=range(400),
    )
    table = read(rows)
    assert kinds(table) == {
        "seats": "number",
        "plan": "level",
        "auto_renew": "flag",
        "signed": "left out",
        "uuid": "left out",
        "country": "left out",
        "nothing": "left out",
        "price": "number",
        "line_id": "left out",
    }
    notes = {signal.name: signal.note for signal in table.signals}
    assert "id" in notes["uuid"]
    assert "--as-of" in notes["signed"]
    assert "'DE'" in notes["country"]
    assert "never known" in notes["nothing"]


def test_what_was_filled_in_afterwards_is_left_out():
    rows = customers()
    rows["reason"] = pd.Series(["price", "other"] * 200).where(rows["churned"] == "yes")
    table = read(rows)
    assert kinds(table)["reason"] == "left out"
    assert "reason" not in table.columns


def test_dates_become_ages_before_a_day_that_is_given():
    table = read(customers(), replace(QUESTION, as_of="2026-01-01"))
    assert kinds(table)["signed"] == "age"
    assert table.columns["signed"][0] == 731.0


@pytest.mark.parametrize("column", ["country", "nothing"])
def test_strictly_a_column_that_says_nothing_is_refused(column):
    rows = customers().assign(country="DE", nothing=np.nan).drop(columns="signed")
    rows = rows.drop(columns={"country", "nothing"} - {column})
    with pytest.raises(TrainingRefused, match=f"^{column}: .*--ignore {column}"):
        strict(read(rows).signals)


def broken(**columns):
    return lambda rows: rows.assign(**columns)


REFUSED = {
    "empty": (lambda rows: rows[:0], "empty"),
    "nobody followed": (broken(months=0), "months: it is 0 in every row"),
    "an unknown column": (lambda r: r.drop(columns="months"), "--duration: .* 'months'; there are"),
    "a duration that is text": (broken(months="long"), "months: no row has a number"),
    "a duration of nothing": (
        lambda r: r.assign(months=r["months"].where(r.index != 7)),
        "months: row 8 has nothing; a number",
    ),
    "a duration below zero": (broken(months=-1.0), "months: row 1 has -1; 0 or more"),
    "an event that is neither": (
        broken(churned="maybe"),
        "churned: row 1 has 'maybe', neither .* --lost",
    ),
    "ids twice": (
        broken(customer_id="c1"),
        "customer_id: 'c1' is there twice, again on row 2; .*--panel",
    ),
    "only constant columns": (
        lambda r: r[["months", "churned", "customer_id"]].assign(country="DE"),
        "no column is left to learn from: country",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_table_no_model_could_stand_on_is_refused_by_name(spoil, reason):
    with pytest.raises(TrainingRefused, match=reason):
        read(spoil(customers()))


UNFIT = {
    "all censored": (broken(churned="no"), "no account of 400 has churned yet"),
    "one class": (broken(churned="yes"), "every one of 400 accounts churned"),
    "too few events": (
        lambda r: r.assign(churned=["yes"] * 5 + ["no"] * 395),
        "only 5 of 400 accounts have churned; .* at least 20",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), UNFIT.values(), ids=UNFIT.keys())
def test_outcomes_that_cannot_carry_a_model_are_refused(spoil, reason):
    with pytest.raises(TrainingRefused, match=reason):
        fit_table(read(spoil(customers())))


def test_a_column_of_numbers_that_holds_texts_now_is_refused_and_single_odd_ones_are_unknown():
    signals = table_of(customers(), QUESTION, "made").signals
    new = customers(40).astype({"seats": object})
    new.loc[3, "seats"] = "n/a"
    assert read_as(new, signals)["seats"][:4].tolist()[3] is None
    with pytest.raises(TrainingRefused, match=r"seats: 'many' and 39 more .* allowed: a number"):
        read_as(new.assign(seats="many"), signals)


def test_a_label_before_its_landmark_is_refused():
    rows = customers().assign(since=lambda r: r["months"] + 1)
    with pytest.raises(TrainingRefused, match=r"since: row 1 has .* a label must lie after"):
        read(rows, replace(QUESTION, entry="since"))


def test_rows_without_follow_up_are_left_out_and_said():
    rows = customers()
    rows.loc[:9, "months"] = 0
    table = read(rows)
    assert len(table) == 390
    assert table.notes[0].startswith("10 rows without any follow-up")


def test_time_runs_from_entry_which_becomes_a_signal():
    rows = customers().assign(since=2.5, months=lambda r: r["months"] + 2.5)
    rows.loc[::2, ["since", "months"]] += 1
    table = read(rows, replace(QUESTION, entry="since"))
    assert table.duration == pytest.approx(customers()["months"].to_numpy())
    assert kinds(table)["since"] == "number"


def test_a_panels_rows_are_landmarks_and_start_stop_rows_are_the_same():
    panel = pd.DataFrame(
        {
            "who": ["a", "a", "b", "b", "b"],
            "week": [0, 4, 0, 4, 8],
            "until": [6, 6, 10, 10, 10],
            "gone": [1, 1, 0, 0, 0],
            "use": [5, 1, 7, 8, 6],
        }
    )
    question = Question("until", "gone", subject="who", time="week", unit="weeks")
    stepped = panel.assign(until=[4, 6, 4, 8, 10], gone=[0, 1, 0, 0, 0])
    for rows in (panel, stepped):
        table = read(rows, question)
        assert table.duration.tolist() == [6, 2, 10, 6, 2]
        assert table.event.tolist() == [True, True, False, False, False]
        assert table.subject.tolist() == [0, 0, 1, 1, 1]
        assert set(table.columns) == {"week", "use"}
    back = panel.assign(until=[4, 6, 4, 8, 10], gone=[1, 0, 0, 0, 0])
    with pytest.raises(TrainingRefused, match=r"row 1 says lost at 4, .* new subject"):
        read(back, question)


def test_whatever_the_unit_the_forecast_is_the_same():
    rows = customers()
    months = read(rows)
    days = read(rows.assign(months=rows["months"] * 30.4375), replace(QUESTION, unit="days"))
    in_months = fit_table(months).forecast(months, np.array([3.0, 12.0]))
    in_days = fit_table(days).forecast(days, np.array([3.0, 12.0]) * 30.4375)
    assert np.abs(in_months.survival - in_days.survival).max() < 1e-9


def test_each_moment_of_loss_is_a_step_and_whole_months_stay_as_they_are():
    duration = np.array([0.5, 1.25, 1.25, 3.75, 4.0])
    event = np.array([True, False, True, True, False])
    grid = Grid.of(duration, event)
    assert grid.times == (0.0, 0.5, 1.25, 3.75, 4.0)
    assert grid.steps(duration, event).tolist() == [1, 2, 2, 3, 4]
    assert grid.at(np.array([0.4, 0.5, 3.0, 99.0])).tolist() == [0, 1, 2, 4]
    assert Grid.of(np.array([2.0, 5.0]), np.array([True, True])).times == (0, 1, 2, 3, 4, 5)


def test_csv_with_semicolons_and_parquet_read_the_same(tmp_path):
    rows = customers(50)
    rows.to_csv(tmp_path / "a.csv", sep=";", index=False)
    rows.to_parquet(tmp_path / "b.parquet")
    text, binary = read_file(tmp_path / "a.csv"), read_file(tmp_path / "b.parquet")
    assert text.index.tolist() == list(range(2, 52))
    pd.testing.assert_frame_equal(text.reset_index(drop=True), binary)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no file"),
        (b"", "neither a CSV nor"),
        (b"PAR1nonsense", "no Parquet table"),
        (b"a,b\n", "is empty"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    with pytest.raises(TrainingRefused, match=reason):
        read_file(tmp_path / "x")
