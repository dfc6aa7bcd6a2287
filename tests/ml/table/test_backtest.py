"""Rolling origin on a table: only what was known by a day may speak of what came after."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from infra.cli.tenure import main
from ml.frames.frame import TrainingRefused
from ml.table.judge import ours
from ml.table.rolling import backtest, origins
from ml.table.table import table_of
from tests.ml.table.examples import QUESTION, customers

DATED = replace(QUESTION, calendar="signed")


def signed(rows=900):
    table = customers(rows)
    days = np.datetime64("2023-01-01") + np.arange(rows)
    return table.assign(signed=days.astype(str))


def test_rows_before_an_origin_are_followed_until_it_and_no_further():
    table = table_of(signed(), DATED, "made")
    starts = list(origins(table, 3))
    assert len(starts) == 3
    for origin in starts:
        assert (origin.past.moment < origin.moment).all()
        assert (origin.past.moment + origin.past.duration <= origin.moment + 1e-9).all()
        assert (origin.ahead.moment >= origin.moment).all()
    again = table_of(signed().assign(churned="yes"), DATED, "made")
    cut = starts[0].moment
    late = (table.moment + table.duration > cut) & (table.moment < cut)
    assert not next(iter(origins(again, 3))).past.event[late[table.moment < cut]].any()


def test_what_happens_after_an_origin_changes_no_forecast_made_there():
    rows = signed()
    table = table_of(rows, DATED, "made")
    first = next(iter(origins(table, 3)))
    later = table.moment + table.duration > first.moment
    other = np.where(rows["churned"] == "yes", "no", "yes")
    altered = rows.assign(churned=np.where(later, other, rows["churned"]))
    past_of_other = next(iter(origins(table_of(altered, DATED, "made"), 3))).past
    times = np.array([3.0, 6.0])
    plain, changed = (
        ours(past, first.ahead, times, 0).survival for past in (first.past, past_of_other)
    )
    assert (plain == changed).all()


def test_without_a_calendar_it_is_refused():
    with pytest.raises(TrainingRefused, match="--calendar"):
        backtest(table_of(customers(), QUESTION, "made"), {"ours": ours}, 2)


def test_the_command_judges_each_origin(tmp_path):
    signed().to_csv(tmp_path / "c.csv", index=False)
    named = ("--duration", "months", "--event", "churned", "--id", "customer_id")
    options = (*named, "--calendar", "signed", "--origins", "2", "--json", str(tmp_path / "f.json"))
    done = CliRunner().invoke(main, ["backtest", "--data", str(tmp_path / "c.csv"), *options])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "f.json").read_text())["models"]
    assert set(figures) == {"Tenure", "plain Cox"}
    assert len(figures["Tenure"]["ibs"]["splits"]) == 2
    assert 0.6 < figures["Tenure"]["c_index"]["mean"] < 0.9
