"""Cursors come back from anybody: what is no cursor of ours is refused, never handed on."""

import contextlib
import math
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vocabulary import paging
from shared.vocabulary.errors import InvalidInput

KINDS = (datetime, date, float, int, str, bytes, UUID)
VALUES = (
    st.datetimes() | st.datetimes(timezones=st.timezones()) | st.dates() | st.floats()
    | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary() | st.uuids() | st.none()
)  # fmt: skip


@given(st.text(), st.lists(st.sampled_from(KINDS), max_size=3))
def test_what_is_no_cursor_is_refused_in_words(text: str, kinds: list[Any]) -> None:
    with contextlib.suppress(InvalidInput):
        assert len(paging.key(text, *kinds)) == len(kinds)


@given(st.lists(VALUES, max_size=3), st.lists(st.sampled_from(KINDS), max_size=3))
def test_a_forged_cursor_gives_nothing_that_a_database_cannot_hold(
    values: list[Any], kinds: list[Any]
) -> None:
    try:
        key = paging.key(paging.cursor(*values), *kinds)
    except (InvalidInput, OverflowError):  # the ends of the calendar cannot even be forged
        return
    assert len(key) == len(kinds)
    for value in key:
        assert "\0" not in str(value) if isinstance(value, str) else True
        assert math.isfinite(value) if isinstance(value, float) else True
        assert value.tzinfo is not None if isinstance(value, datetime) else True


@pytest.mark.parametrize("key", [
    (datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)), ("a",), (0.5, UUID(int=1)), (date.max, "1"),
])  # fmt: skip
def test_a_cursor_comes_back_as_it_was(key: tuple[Any, ...]) -> None:
    assert paging.key(paging.cursor(*key), *map(type, key)) == key
