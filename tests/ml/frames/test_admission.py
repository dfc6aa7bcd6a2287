"""What a training frame may hold: refused with signal, value and what is allowed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pages.signals_page import dictionaries
from ml.fitting import design
from ml.frames import landmarks
from ml.frames.admission import SignalRefused, admitted, may_be
from ml.frames.columns import Collected, Column
from ml.frames.frame import Frame, TrainingRefused
from shared.vocabulary.landmark import FeatureRow
from shared.vocabulary.signal import Signal
from tests.ml.examples import DATA_TO, annual

SIGNALS = {signal.name: signal for signals in dictionaries().values() for signal in signals}
NOTICE = Signal(
    "notice_given", "Notice given", "flag", "", None, None, (), "now", "gave notice", "contracts",
    "nobody knows", "it is the decision itself",
)  # fmt: skip
LINES = {**SIGNALS, "notice_given": NOTICE}
WORLD = annual(60)
LABELS = landmarks.labels(WORLD.spells, "landmark", DATA_TO)


def frame(**odd: float | str | bool | None) -> Frame:
    """The world's frame, in which the third landmark has these values, too."""
    rows: list[FeatureRow] = [
        {"days_to_renewal": row["days_to_renewal"], "trait_region": "north"}
        for row in WORLD.rows(LABELS)["accounts"]
    ]
    usage: list[FeatureRow] = [{"events_28d": 3.0} for _ in rows]
    for name, value in odd.items():
        for each in usage if name == "events_28d" else rows:
            each.setdefault(name, None if SIGNALS.get(name, NOTICE).unknown else 0.0)
        (usage if name == "events_28d" else rows)[2].update({name: value})
    collected = Collected(LINES)
    collected.add({"accounts": rows, "usage": usage})
    return landmarks.frame(LABELS, collected, "landmark", DATA_TO)


def test_what_the_dictionary_allows_passes_unchanged_and_brings_its_labels():
    rows = frame(auto_renew=True, seats=4, payment_method="card")
    checked = admitted(rows, LINES)
    assert list(checked.columns) == list(rows.columns)
    assert checked.hashed() == rows.hashed()
    assert checked.labels["events_28d"] == "Uses (28 days)"
    assert "trait_region" not in checked.labels, "a family's label speaks of no single one"


@pytest.mark.parametrize(
    ("signal", "value", "allowed"),
    [
        ("members_per_seat", -0.5, "a number of 0 or more, or null where no seats known"),
        ("discount_share", 1.2, "a number from 0 to 1, or null where nothing is charged at list"),
        ("contract_term_months", 0, "a number from 1 to 120"),
        ("seats", "many", "a number of 0 or more"),
        ("seats", True, "a number of 0 or more"),
        ("auto_renew", 1.0, "true or false"),
        ("plan", 7.0, "a text"),
        ("plan", False, "a text"),
        ("invoices_overdue", None, "a number of 0 or more"),
        ("invoices_overdue", float("nan"), "a number of 0 or more"),
    ],
)
def test_a_value_outside_is_refused_by_signal_value_and_what_is_allowed(signal, value, allowed):
    with pytest.raises(SignalRefused) as refused:
        admitted(frame(**{signal: value}), LINES)
    refusal = refused.value
    assert (refusal.signal, refusal.rows, refusal.code) == (signal, 1, "TRAINING_REFUSED")
    assert refusal.value == ("null" if value is None or value != value else value)
    assert refusal.allowed.startswith(allowed)
    assert str(refusal).startswith(f"{signal}: ")


def test_a_signal_without_a_line_is_refused_and_traits_need_none():
    admitted(frame(trait_stores=3), LINES)
    with pytest.raises(
        SignalRefused, match=r"unheard_of: .* line in services/accounts/store/features"
    ):
        admitted(frame(unheard_of=3.0), LINES)


def test_a_trait_may_be_anything_even_in_one_column():
    checked = admitted(frame(trait_odd="three"), LINES)
    assert checked.columns["trait_odd"][2] == "three"


def test_one_account_twice_at_a_landmark_is_refused():
    once = frame()
    twice = once.take(np.array([*range(len(once)), 5]))
    with pytest.raises(TrainingRefused, match="1 rows have the account and the landmark of anoth"):
        admitted(twice, LINES)


def test_a_label_before_its_landmark_is_refused():
    once = frame()
    early = replace(once, duration=np.where(np.arange(len(once)) < 3, -1, once.duration))
    with pytest.raises(TrainingRefused, match="3 rows end before their landmark"):
        admitted(early, LINES)


def test_an_empty_frame_passes_on_to_who_refuses_it_with_a_better_reason():
    assert not len(admitted(frame().take(np.array([], dtype=np.int64)), LINES))


def test_what_may_follow_the_decision_is_left_out_by_name_and_reason_unless_asked_for():
    leaving = frame(notice_given=True)
    without = admitted(leaving, LINES)
    assert "notice_given" not in without.columns
    assert design.learn(without).notes[0] == (
        "notice_given: left out, it may follow the decision to leave: it is the decision itself"
    )
    assert "notice_given" in admitted(leaving, LINES, with_post_decision=True).columns


FIRST_ROW = frame().take(np.array([0]))
SOME = st.none() | st.booleans() | st.floats() | st.integers(-3, 200) | st.sampled_from("ab")


@given(st.sampled_from(sorted(name for name in SIGNALS if "*" not in name)), SOME)
def test_the_schema_of_a_column_and_the_rule_for_a_value_say_the_same(name: str, value: object):
    collecting = Column()
    collecting.put(0, [value])
    column = collecting.array()
    whole = replace(FIRST_ROW, columns={name: column}, sources={name: "usage"})
    try:
        admitted(whole, SIGNALS)
    except SignalRefused:
        assert not may_be(SIGNALS[name], column.tolist()[0])
    else:
        assert may_be(SIGNALS[name], column.tolist()[0])
