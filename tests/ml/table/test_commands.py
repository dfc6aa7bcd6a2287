"""`tenure fit`, `score` and `evaluate` on a file, as a person would use them."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from infra.cli.tenure import main
from tests.ml.table.examples import customers

COLUMNS = ("--duration", "months", "--event", "churned", "--id", "customer_id")


@pytest.fixture
def file(tmp_path):
    customers().to_csv(tmp_path / "customers.csv", index=False)
    return tmp_path / "customers.csv"


def tenure(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_model_is_written_scores_new_rows_and_names_what_it_never_met(file, tmp_path):
    command = tenure("fit", "--data", file, *COLUMNS, "--write", tmp_path / "out", "--json")
    assert command.exit_code == 0, command.output
    summary = json.loads(command.stdout)
    assert (summary["rows"], summary["effects"][0]["feature"]) == (400, "seats")

    new = customers(3).drop(columns=["months", "churned"])
    new["plan"], new["seats"], new["age"] = ["pro", "basic", "huge"], [20.0, 20.0, 9e9], [0, 5, 5]
    new.to_csv(tmp_path / "new.csv", index=False)
    arguments = ("--model", tmp_path / "out", "--data", tmp_path / "new.csv", "--at", "3,12,99")
    scored = tenure("score", *arguments, "--out", tmp_path / "scores.csv")
    assert scored.exit_code == 0, scored.output
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["customer_id"].tolist() == ["c0", "c1", "c2"]
    assert 0 < scores["lost_by_3"][0] < scores["lost_by_3"][1] < scores["lost_by_12"][1] < 1
    assert scores["lost_by_99"].isna().all()
    assert scores["unlike_training"].fillna("").tolist() == ["", "", "plan;seats"]


def test_a_model_that_was_changed_is_not_scored_with(file, tmp_path):
    tenure("fit", "--data", file, *COLUMNS, "--write", tmp_path / "out")
    model = tmp_path / "out" / "model.json"
    model.write_bytes(model.read_bytes().replace(b'"seats"', b'"seatz"'))
    refused = tenure("score", "--model", tmp_path / "out", "--data", file, "--at", "3")
    assert isinstance(refused.exception, Exception)
    assert "does not match the checksum" in refused.output + str(refused.exception)


def test_the_same_file_gives_the_same_bytes(file, tmp_path):
    for name in ("a", "b"):
        tenure("fit", "--data", file, *COLUMNS, "--write", tmp_path / name)
    first, second = [(tmp_path / name / "model.json").read_bytes() for name in ("a", "b")]
    assert first == second


def test_a_table_is_judged_with_figures_and_plots(file, tmp_path):
    options = ("--splits", "2", "--at", "3,6", "--json", "--write", tmp_path / "out")
    command = tenure("evaluate", "--data", file, *COLUMNS, *options)
    assert command.exit_code == 0, command.output
    figures = json.loads(command.stdout)["models"]["Tenure"]
    assert set(figures) == {"c_index", "uno_c", "ibs", "auc_3", "auc_6", "ici_6", "oe_6"}
    assert 0.6 < figures["c_index"]["mean"] < 0.9
    assert len(figures["ibs"]["splits"]) == 2
    names = {path.name for path in (tmp_path / "out").iterdir()}
    plots = {f"customers-{kind}.png" for kind in ("survival", "calibration", "effects")}
    assert names == {"figures.json", *plots}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--data is missing: name a CSV or Parquet file"),
        (("--data", "x.csv", "--duration", "a"), "--event is missing: name the column"),
        (("--data", "x.csv", "--duration", "a", "--event", "b", "--panel"), "--id COL and --time"),
        (("--data", "x.csv", "--duration", "a", "--event", "b"), "no file x.csv"),
    ],
)
def test_what_is_missing_is_one_sentence_and_code_2(arguments, reason):
    refused = tenure("evaluate", *arguments)
    assert refused.exit_code == 2
    assert reason in refused.output
    assert "Traceback" not in refused.output


def test_help_teaches_by_examples():
    for command in ("fit", "score", "evaluate"):
        assert "tenure " in tenure(command, "--help").output.split("Example")[1]


def test_risk_recovers_the_order_that_made_the_data(file, tmp_path):
    tenure("fit", "--data", file, *COLUMNS, "--write", tmp_path / "out")
    scored = tenure("score", "--model", tmp_path / "out", "--data", file, "--at", "6")
    lines = scored.output.splitlines()
    chance = np.array([float(line.split(",")[1]) for line in lines[1:]])
    rows = customers()
    truth = -0.02 * rows["seats"] + 0.8 * (rows["plan"] == "basic")
    assert np.corrcoef(chance, truth)[0, 1] > 0.85


def test_with_causes_each_has_a_chance_and_they_add_up(tmp_path):
    rows = customers(600)
    why = np.where(np.arange(600) % 3 == 0, "payment", "choice")
    rows["why"] = pd.Series(why).where(rows["churned"] == "yes")
    rows.to_csv(tmp_path / "c.csv", index=False)
    out = ("--cause", "why", "--write", tmp_path / "out")
    command = tenure("fit", "--data", tmp_path / "c.csv", *COLUMNS, *out)
    assert command.exit_code == 0, command.output
    options = ("--at", "6,12", "--elapsed", "months", "--out", tmp_path / "s.csv")
    scored = tenure("score", "--model", tmp_path / "out", "--data", tmp_path / "c.csv", *options)
    assert scored.exit_code == 0, scored.output
    scores = pd.read_csv(tmp_path / "s.csv").dropna(subset=["lost_by_6"])
    parts = scores["lost_by_6_to_choice"] + scores["lost_by_6_to_payment"]
    assert len(scores) > 300
    assert np.abs(parts - scores["lost_by_6"]).max() < 2e-6
    assert (scores["lost_by_6_to_choice"] > scores["lost_by_6_to_payment"]).mean() > 0.9
