"""The Telco sample: the figures that docs/forecast.md promises, and the command that makes them."""

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.model_selection import train_test_split

from ml.cli import evaluate as evaluate_cli
from ml.cli.figures import markdown
from ml.frames.frame import TrainingRefused
from ml.reporting import figures
from ml.table.judge import compare, ours, split
from ml.table.question import TELCO, TELCO_FILE
from ml.table.table import read_table

FLOORS = {"c_index": 0.8655, "auc_12": 0.911, "auc_24": 0.929}
CEILINGS = {"ibs": 0.082, "ici_12": 0.012}


def test_customers_without_any_follow_up_are_left_out_and_splits_are_the_usual_ones():
    table = read_table(TELCO_FILE, TELCO)
    assert (len(table), table.event.sum()) == (7_032, 1_869)
    usual = train_test_split(
        np.arange(len(table)), test_size=0.25, stratify=table.event, random_state=4
    )
    for part, places in zip(split(table, 4), usual, strict=True):
        assert part.subject.tolist() == table.subject[places].tolist()


def means(table, **options):
    figures = compare(table, {"ours": ours}, range(5), **options)["ours"]
    return {name: float(np.mean(values)) for name, values in figures.items()}


def test_the_first_of_five_splits_comes_out_as_it_always_did():
    (first,) = compare(read_table(TELCO_FILE, TELCO), {"ours": ours}, range(1), until=70).values()
    expected = {
        "c_index": 0.8635,
        "auc_12": 0.9127,
        "auc_24": 0.9246,
        "ibs": 0.0843,
        "ici_12": 0.0074,
    }
    assert {name: first[name][0] for name in expected} == pytest.approx(expected, abs=5e-4)


@pytest.mark.long
def test_telco_held_out_figures_reach_what_was_promised():
    figures = means(read_table(TELCO_FILE, TELCO), until=70)
    assert {name: figures[name] for name, floor in FLOORS.items() if figures[name] < floor} == {}
    assert {name: figures[name] for name, top in CEILINGS.items() if figures[name] > top} == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no file"),
        (b"a,b\n1,2\n", "there is no column 'tenure'"),
        (b"", "neither a CSV"),
        (b"\xff\xfe\x00\x01,", "neither a CSV"),
    ],
)
def test_a_table_that_is_none_is_refused_in_a_sentence(tmp_path, content, why):
    file = tmp_path / "table.csv"
    if content is not None:
        file.write_bytes(content)
    result = CliRunner().invoke(evaluate_cli.evaluate, ["telco", "--file", str(file)])
    assert isinstance(result.exception, TrainingRefused)
    assert why in str(result.exception)


def test_a_table_goes_between_its_markers_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- t: begin -->\nold\n<!-- t: end -->\nafter\n")
    for _ in range(2):
        text = markdown({"ours": {"c_index": [0.86, 0.88]}})
        figures.write_between(page, "t", text)
    assert page.read_text() == (
        "before\n<!-- t: begin -->\n| figure | mean | sd over splits |\n|---|---|---|\n"
        "| C | 0.8700 | 0.0141 |\n<!-- t: end -->\nafter\n"
    )
    with pytest.raises(TrainingRefused, match="no place marked"):
        figures.write_between(page, "other", "")
