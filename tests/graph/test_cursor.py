"""Cursors: of one tenant, the same for a position, and told apart across restores of backups."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from graph.cursor import Cursors, Restore
from shared.platform.config import Settings
from shared.vocabulary.errors import InvalidInput

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = uuid4()


@given(
    ends=some.lists(some.integers(0, 1_000), max_size=4),
    position=some.integers(0, 1_200),
)
def test_a_cursor_outlives_a_restore_exactly_if_its_position_does(
    settings: Settings, ends: list[int], position: int
):
    """Each restore takes the history back to its end, and positions after it are new ones."""
    restores = [Restore(NOW, 7 + number, end) for number, end in enumerate(ends)]
    before = Cursors(settings, restores)
    cursor = before.seal(TENANT, position)
    assert before.open(TENANT, cursor) == position

    after = Cursors(settings, [*restores, Restore(NOW, 99, 500)])
    if position <= 500:
        assert after.open(TENANT, cursor) == position
        assert after.seal(TENANT, position) == cursor
        return
    with pytest.raises(InvalidInput, match="begin again with") as refusal:
        after.open(TENANT, cursor)
    again = str(refusal.value).rpartition(" ")[2]
    assert after.open(TENANT, again) <= 500


def test_a_cursor_from_a_history_that_a_backup_knows_nothing_of_is_refused(settings: Settings):
    """The backup was made before the restore that this cursor came after."""
    cursor = Cursors(settings, [Restore(NOW, 3, 100)]).seal(TENANT, 150)
    with pytest.raises(InvalidInput, match="begin again with"):
        Cursors(settings, [Restore(NOW, 4, 160)]).open(TENANT, cursor)


def test_without_a_restore_a_cursor_is_what_it_always_was(settings: Settings):
    assert Cursors(settings).seal(TENANT, 42) == Cursors(settings, [Restore(NOW, 5, 42)]).seal(
        TENANT, 42
    )
