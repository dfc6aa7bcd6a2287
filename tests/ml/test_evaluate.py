"""The Telco sample: the figures that docs/forecast.md promises, and the command that makes them."""

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.model_selection import train_test_split

from ml import evaluate, figures, tables
from ml.cli.evaluate import evaluate as command
from ml.frame import TrainingRefused

FLOORS = {"c_index": 0.864, "auc_12m": 0.911, "auc_24m": 0.929}
CEILINGS = {"ibs": 0.083, "ici_12m": 0.012}


def test_customers_without_any_follow_up_are_left_out_and_splits_are_the_usual_ones():
    frame = tables.read(tables.TELCO)
    assert (len(frame), frame.lost) == (7_032, 1_869)
    usual = train_test_split(
        np.arange(len(frame)), test_size=0.25, stratify=frame.event, random_state=4
    )
    for ours, theirs in zip(evaluate.split(frame, 4), usual, strict=True):
        assert ours.tolist() == list(theirs)


@pytest.mark.slow
def test_telco_held_out_figures_reach_what_was_promised():
    frame = tables.read(tables.TELCO)
    runs = [evaluate.held_out_figures(frame, seed, last_month=70) for seed in range(5)]
    found = evaluate.summary({name: [run[name] for run in runs] for name in runs[0]})
    assert {name: found[name][0] for name, floor in FLOORS.items() if found[name][0] < floor} == {}
    assert {name: found[name][0] for name, top in CEILINGS.items() if found[name][0] > top} == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no file"),
        (b"a,b\n1,2\n", "no column 'tenure'"),
        (b"", "is not a CSV"),
        (b"\xff\xfe\x00\x01,", "is not a CSV"),
    ],
)
def test_a_table_that_is_none_is_refused_in_a_sentence(tmp_path, content, why):
    file = tmp_path / "table.csv"
    if content is not None:
        file.write_bytes(content)
    result = CliRunner().invoke(command, ["telco", "--file", str(file)])
    assert isinstance(result.exception, TrainingRefused)
    assert why in str(result.exception)


def test_a_table_goes_between_its_markers_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- t: begin -->\nold\n<!-- t: end -->\nafter\n")
    for _ in range(2):
        figures.write_table(page, "t", {"c_index": (0.8671, 0.0055)})
    assert page.read_text() == (
        "before\n<!-- t: begin -->\n| figure | mean | sd over splits |\n|---|---|---|\n"
        "| C (Harrell), higher is better | 0.8671 | 0.0055 |\n<!-- t: end -->\nafter\n"
    )
    with pytest.raises(TrainingRefused, match="no place marked"):
        figures.write_table(page, "other", {})
