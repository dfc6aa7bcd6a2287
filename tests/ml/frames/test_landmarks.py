"""Moments of prediction and their labels."""

from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.frames import landmarks
from ml.frames.columns import Collected
from ml.frames.frame import TrainingRefused
from ml.scoring.document import Clock
from ml.scoring.renewal_clock import month_of, months_between, stratum_of
from shared.vocabulary.landmark import Spell
from tests.ml.examples import DATA_TO, annual

FIRST, SECOND = UUID(int=1), UUID(int=2)


def shown(spells, clock: Clock = "landmark", data_to=DATA_TO):
    return [
        (label.landmark.as_of.date(), label.duration, label.event)
        for label in landmarks.labels(spells, clock, data_to)
    ]


def test_monthly_moments_lie_whole_months_before_a_grace_and_six_days_ahead_of_the_datas_end():
    spell = Spell(FIRST, date(2026, 6, 20), None)
    assert shown([spell]) == [
        (date(2026, 6, 26), 3, False),
        (date(2026, 7, 26), 2, False),
        (date(2026, 8, 26), 1, False),
    ]


def test_a_loss_falls_in_the_month_of_its_day():
    spell = Spell(FIRST, date(2026, 6, 20), date(2026, 9, 20))
    assert shown([spell]) == [
        (date(2026, 6, 26), 3, True),
        (date(2026, 7, 26), 2, True),
        (date(2026, 8, 26), 1, True),
    ]


def test_nobody_is_at_risk_on_or_after_the_last_day_nor_on_the_first():
    spell = Spell(FIRST, date(2026, 6, 26), date(2026, 8, 26))
    assert [day for day, _, _ in shown([spell])] == [date(2026, 7, 26)]


def test_moments_before_an_account_was_heard_of_are_left_out():
    spells = [
        Spell(FIRST, date(2024, 1, 1), None, known_on=date(2026, 7, 20)),
        Spell(SECOND, date(2024, 1, 1), date(2026, 5, 1), known_on=date(2026, 5, 3)),
    ]
    assert [day for day, _, _ in shown(spells)] == [date(2026, 7, 26), date(2026, 8, 26)]
    told_early = Spell(FIRST, date(2026, 7, 20), None, known_on=date(2026, 7, 1))
    assert [day for day, _, _ in shown([told_early])] == [date(2026, 7, 26), date(2026, 8, 26)]


@settings(max_examples=200, deadline=None)
@given(
    data_to=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    back=st.integers(1, 14),
    days=st.integers(1, 372),
)
def test_whoever_counts_as_there_through_a_month_would_have_been_known_to_leave_in_it(
    data_to: date, back: int, days: int
):
    """Renewals on a month's last days, too: they belong to the month, so they must be known."""
    start = date(2020, 1, 1)
    day = landmarks.months_before(landmarks.followed_to(data_to), back)
    stayed = {
        when: months for when, months, _ in shown([Spell(FIRST, start, None)], data_to=data_to)
    }
    left = Spell(FIRST, start, day + timedelta(days=days))
    lost = {when: (m, event) for when, m, event in shown([left], data_to=data_to)}
    assert stayed[day] == min(back, 12)
    if month_of(days) <= stayed[day]:
        assert lost[day] == (month_of(days), True)
        latest = data_to - timedelta(days=landmarks.GRACE_DAYS)
        assert day + timedelta(days=days) < latest, "an end in silence is known after the grace"
    else:
        assert lost[day] == (stayed[day], False)


def test_losses_too_young_to_be_sure_of_are_not_labels_yet():
    spell = Spell(FIRST, date(2026, 6, 20), date(2026, 10, 20))
    assert not any(event for _, _, event in shown([spell]))


def test_labels_reach_twelve_months_and_no_further():
    early = shown([Spell(FIRST, date(2023, 1, 1), date(2026, 2, 26))])
    assert max(months for _, months, _ in early) == 12
    by_day = {day: (months, event) for day, months, event in early}
    assert by_day[date(2025, 2, 26)] == (12, True)
    assert by_day[date(2025, 1, 26)] == (12, False)


def test_the_start_clock_follows_each_spell_whole_and_asks_a_day_after_its_start():
    spells = [
        Spell(FIRST, date(2020, 11, 1), None),
        Spell(SECOND, date(2026, 1, 1), date(2026, 11, 1)),
    ]
    assert shown(spells, "start") == [
        (date(2020, 11, 2), 72, False),
        (date(2026, 1, 2), 10, True),
    ]


def test_an_account_that_came_back_counts_as_a_new_spell():
    spells = [
        Spell(FIRST, date(2024, 1, 1), date(2025, 1, 1)),
        Spell(FIRST, date(2025, 6, 1), None),
    ]
    assert shown(spells, "start") == [(date(2024, 1, 2), 12, True), (date(2025, 6, 2), 17, False)]


@pytest.mark.parametrize(
    ("spells", "why"),
    [
        ([], "nothing to train on"),
        ([Spell(FIRST, date(2025, 1, 2), date(2025, 1, 1))], "end before they start"),
        ([Spell(FIRST, date(2025, 1, 2), None)] * 2, "given twice"),
    ],
)
def test_broken_spells_are_refused_in_a_sentence(spells, why):
    with pytest.raises(TrainingRefused, match=why):
        landmarks.labels(spells, "landmark", DATA_TO)


def test_calendar_months_are_months_of_that_number():
    start = date(2025, 1, 31)
    for months in range(1, 25):
        for day in (date(2025, 1, 1), date(2024, 2, 15), date(2026, 7, 1), start):
            earlier = landmarks.months_before(day, months)
            assert month_of((day - earlier).days) == months
            assert months_between(earlier, day) == months
    assert landmarks.months_before(date(2025, 3, 31), 1) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("term", "days", "stratum"),
    [
        (12.0, 365.0, "r12"),
        (12.0, 0.0, "r01"),
        (12.0, -4.0, "r01"),
        (24.0, 500.0, "none"),
        (1.0, 12.0, "monthly"),
        (None, 45.0, "r02"),
        (12.0, None, "none"),
        (None, float("nan"), "none"),
    ],
)
def test_where_an_account_stands_on_the_renewal_clock(term, days, stratum):
    assert stratum_of(term, days) == stratum


def test_in_a_stratum_losses_fall_in_the_month_that_names_it():
    frame = annual(200).frame()
    for name in np.unique(frame.stratum):
        lost = frame.duration[(frame.stratum == name) & frame.event]
        again = {12} if name == "r01" else set()  # a year later, to the day
        assert set(lost.tolist()) - again == {int(name[1:])}


def test_landmarks_before_any_use_was_recorded_are_left_out():
    world = annual(60)
    labels = landmarks.labels(world.spells, "landmark", DATA_TO)
    answers = world.rows(labels)
    since = landmarks.moment(date(2025, 6, 1))
    for label, row in zip(labels, answers["usage"], strict=True):
        if label.landmark.as_of < since:
            row["events_28d"] = 0.0
    collected = Collected()
    collected.add(answers)
    frame = landmarks.frame(labels, collected, "landmark", DATA_TO)
    assert len(frame) == sum(label.landmark.as_of >= since for label in labels)


def test_use_decides_the_clock():
    assert landmarks.moves([{"events_28d": 0.0}, {"events_28d": 3.0}])
    assert not landmarks.moves([{"events_28d": 0.0, "weeks_since_last_event": None}, {}])
