"""Waiting before another try: longer each time, spread, bounded, forgotten after a good life."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra.supervising.backoff import Backoff


def test_each_wait_is_twice_the_one_before_up_to_the_longest():
    backoff = Backoff(first_s=1, max_s=10, random=lambda: 1.0)
    assert [backoff.after(0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_a_stable_life_begins_anew():
    backoff = Backoff(first_s=1, stable_s=30, random=lambda: 1.0)
    waits = [backoff.after(0), backoff.after(29.9), backoff.after(30), backoff.after(0)]
    assert waits == [1, 2, 1, 2]


@given(st.lists(st.floats(0, 0.999), min_size=2, max_size=50))
def test_chance_moves_a_wait_within_its_upper_half_only(chances: list[float]):
    steps = iter(chances)
    spread = Backoff(random=lambda: next(steps))
    least, most = Backoff(random=lambda: 0.0), Backoff(random=lambda: 1.0)
    for _ in chances:
        assert least.after(0) <= spread.after(0) <= most.after(0) <= spread.max_s


def test_the_longest_wait_is_never_passed_however_often_it_fails():
    backoff = Backoff(random=lambda: 1.0)
    waits = [backoff.after(0) for _ in range(2_000)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == backoff.max_s
