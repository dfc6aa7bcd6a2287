"""What of a batch is new: resent rows, corrections, and rows that come out of order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.rows import Row
from shared.intake.versions import Candidate, Version, candidate, classify

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
OWNER = uuid4()


class Plan(Row):
    seats: int


def plan(
    number: int, seats: int, hour: int = 0, key: str = "a", owner: UUID = OWNER
) -> Candidate[Plan]:
    return candidate(
        number, Plan(seats=seats, recorded_at=NOON + timedelta(hours=hour)), key, owner
    )


def verdicts(
    *rows: Candidate[Plan], versions: list[Version] | None = None, corrections: bool = True
) -> list[tuple[str, str | None]]:
    """Status and field to blame of every row, in the order they were sent."""
    _, receipts = classify(rows, versions or [], corrections=corrections)
    return [(r.status, r.field) for r in sorted(receipts, key=lambda r: r.row)]


ACCEPTED, DUPLICATE = ("accepted", None), ("duplicate", None)


def test_the_digest_ignores_when_a_row_was_recorded_and_nothing_else() -> None:
    now, later, other = plan(0, 5), plan(1, 5, hour=3), plan(2, 6)

    assert now.version.digest == later.version.digest != other.version.digest
    assert later.row.recorded_at == later.version.recorded_at == NOON + timedelta(hours=3)


def test_a_row_without_its_moment_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="recorded_at"):
        candidate(0, Plan(seats=5), "a", OWNER)


def test_the_same_again_is_a_duplicate_whether_known_or_in_the_batch() -> None:
    versions = [plan(0, 5).version]

    assert verdicts(plan(0, 5, hour=1), versions=versions) == [DUPLICATE]
    assert verdicts(plan(0, 5), plan(1, 5, hour=1)) == [ACCEPTED, DUPLICATE]


def test_other_values_are_a_correction_or_a_conflict() -> None:
    versions = [plan(0, 5).version]

    assert verdicts(plan(0, 6, hour=1), versions=versions) == [ACCEPTED]
    assert verdicts(plan(0, 6, hour=1), versions=versions, corrections=False) == [
        ("conflict", "id")
    ]


def test_going_back_to_earlier_values_is_news() -> None:
    assert verdicts(plan(0, 5), plan(1, 6, hour=1), plan(2, 5, hour=2)) == [ACCEPTED] * 3


def test_history_told_late_finds_its_place() -> None:
    versions = [plan(0, 5).version, plan(0, 7, hour=4).version]

    assert verdicts(plan(0, 6, hour=2), plan(1, 5, hour=3), versions=versions) == [ACCEPTED] * 2
    assert verdicts(plan(0, 5, hour=2), versions=versions) == [DUPLICATE]


def test_two_values_at_one_moment_contradict_each_other() -> None:
    assert verdicts(plan(0, 5), plan(1, 6)) == [ACCEPTED, ("conflict", "recordedAt")]


def test_an_id_stays_with_the_account_that_had_it_first() -> None:
    versions = [plan(0, 5).version]

    for corrections in (True, False):
        receipts = verdicts(plan(0, 5, owner=uuid4()), versions=versions, corrections=corrections)
        assert receipts == [("conflict", "id")]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5), st.sampled_from("ab")), max_size=12)
)
def test_every_row_gets_a_receipt_and_what_is_kept_is_kept_once(
    triples: list[tuple[int, int, str]],
) -> None:
    rows = [plan(number, seats, hour, key) for number, (seats, hour, key) in enumerate(triples)]

    fresh, receipts = classify(rows, [], corrections=True)

    assert sorted(receipt.row for receipt in receipts) == list(range(len(rows)))
    versions = [row.version for row in fresh]
    assert [(v.id, v.recorded_at) for v in versions] == sorted(
        {(v.id, v.recorded_at) for v in versions}
    )
    assert {r.row for r in receipts if r.status == "accepted"} == {row.number for row in fresh}
    _, again = classify([row for row in rows if row in fresh], versions, corrections=True)
    assert {receipt.status for receipt in again} <= {"duplicate"}
