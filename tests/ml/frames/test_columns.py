"""Signals as they come in: chunk by chunk, as columns of eight bytes a value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.frames.columns import Collected, Column
from ml.frames.frame import TrainingRefused
from ml.scoring.features import level_of, numbers
from shared.vocabulary.landmark import FeatureRow

VALUES = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-9, 9) | st.text()


def collected(*chunks: dict) -> Collected:
    columns = Collected()
    for chunk in chunks:
        columns.add(chunk)
    return columns


def test_signals_that_come_late_or_not_at_all_are_unknown_elsewhere():
    signals = collected(
        {"accounts": [{"a": 1.0}, {}], "usage": [{}, {"b": True}]},
        {"accounts": [{"a": 2}], "usage": [{"c": "x"}]},
    )
    columns = {name: values.tolist() for name, values in signals.columns().items()}
    assert columns["a"][::2] == [1.0, 2.0]
    assert math.isnan(columns["a"][1])
    assert (columns["b"], columns["c"]) == ([None, True, None], [None, None, "x"])
    assert signals.sources == {"a": "accounts", "b": "usage", "c": "usage"}


def test_numbers_are_floats_and_a_text_is_in_memory_once():
    signals = collected(*({"accounts": [{"n": i, "t": f"plan {i % 2}"}]} for i in range(1_000)))
    columns = signals.columns()
    assert columns["n"].dtype == np.float64
    assert len({id(text) for text in columns["t"].tolist()}) == 2
    assert signals.columns()["n"].tolist() == columns["n"].tolist(), "asked again, told the same"


@given(st.lists(st.lists(VALUES, max_size=4), max_size=4))
def test_whatever_comes_is_read_by_the_model_as_if_it_had_been_kept_as_it_came(chunks):
    column, flat = Column(), [value for chunk in chunks for value in chunk]
    for chunk in chunks:
        column.put(column.array().size, chunk)
    came = np.empty(len(flat), dtype=object)
    came[:] = flat
    assert list(map(level_of, column.array().tolist())) == list(map(level_of, flat))
    assert np.array_equal(numbers(column.array()), numbers(came), equal_nan=True)


def test_services_that_answer_for_different_landmarks_are_refused():
    with pytest.raises(TrainingRefused, match="for different numbers of landmarks"):
        collected({"accounts": [{}], "usage": []})


def test_room_made_beforehand_for_more_or_fewer_toldchanges_nothing():
    chunks: list[FeatureRow] = [{"n": i, "t": str(i)} for i in range(5)]
    for rows in (0, 3, 9):
        signals = Collected(rows=rows)
        for row in chunks:
            signals.add({"accounts": [row]})
        shown = {name: values.tolist() for name, values in signals.columns().items()}
        assert shown == {"n": [0.0, 1.0, 2.0, 3.0, 4.0], "t": ["0", "1", "2", "3", "4"]}
