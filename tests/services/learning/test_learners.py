"""Progress, mastery, and what an account's learning adds up to."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.learning.actions import progress as progress_actions
from services.learning.domain.learners import LearningSummary
from services.learning.store import landmarks, learners
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import InvalidInput, NotFound
from shared.vocabulary.ids import global_id
from shared.vocabulary.landmark import FeatureRow, Landmark
from tests.conftest import DatabaseOf
from tests.examples import number, send
from tests.services.learning.examples import (
    DAY,
    JANUARY,
    JUNE,
    course,
    drained,
    facts_told,
    hears,
    member_fact,
    step,
    teach,
    took,
)

ACCOUNT = uuid4()
ANN, BEN, CLEO = uuid4(), uuid4(), uuid4()


@pytest.fixture
async def db(database: DatabaseOf, principal: Principal) -> Database:
    """Three learners and three courses."""
    learning = await database("learning")
    await teach(
        learning, principal, course("basics"), course("charts", prerequisites=["basics"], level=2),
        course("exam", level=4, modality="exam"),
    )  # fmt: skip
    await hears(
        learning,
        *(member_fact(principal.tenant_id, ACCOUNT, member) for member in (ANN, BEN, CLEO)),
    )
    return learning


async def summary(db: Database, tenant: UUID, as_of: Any = JUNE) -> LearningSummary:
    async with db.read(tenant) as conn:
        return (await learners.summary(conn, [ACCOUNT], as_of))[ACCOUNT]


async def features(db: Database, tenant: UUID, *moments: Any) -> list[FeatureRow]:
    async with db.read(tenant) as conn:
        return await landmarks.features(conn, [Landmark(ACCOUNT, moment) for moment in moments])


async def test_l1_adoption_is_the_share_of_learners_with_a_completion_in_180_days(
    db: Database, principal: Principal
) -> None:
    await took(
        db, principal, step(ACCOUNT, ANN, "basics"), step(ACCOUNT, ANN, "charts"),
        step(ACCOUNT, BEN, "basics", at=JUNE - 181 * DAY), step(ACCOUNT, CLEO, "basics", at=JUNE),
    )  # fmt: skip
    adoption = (await summary(db, principal.tenant_id)).education_adoption

    assert (adoption.value, adoption.numerator, adoption.denominator) == (
        pytest.approx(1 / 3),
        1,
        3,
    )
    assert adoption.window_from == JUNE - 180 * DAY


async def test_l1_without_learners_there_is_no_number(db: Database, tenant: UUID) -> None:
    learning = await summary(db, tenant, JANUARY - DAY)

    assert learning.learners == 0
    assert learning.education_adoption.insufficient_data


async def test_l4_completion_counts_enrolments_30_days_old(
    db: Database, principal: Principal
) -> None:
    old = JUNE - 30 * DAY
    await took(
        db, principal, step(ACCOUNT, ANN, "basics", kind="enrolled", at=old),
        step(ACCOUNT, ANN, "basics"), step(ACCOUNT, BEN, "basics", kind="enrolled", at=old),
        step(ACCOUNT, CLEO, "basics", kind="enrolled", at=old + DAY), step(ACCOUNT, CLEO, "basics"),
    )  # fmt: skip
    rate = (await summary(db, principal.tenant_id)).completion_rate

    assert (rate.value, rate.denominator) == (0.5, 2)


async def test_certified_is_who_passed_an_assessment(db: Database, principal: Principal) -> None:
    await took(
        db, principal, step(ACCOUNT, ANN, "exam", kind="assessed", score=0.7),
        step(ACCOUNT, BEN, "exam", kind="assessed", score=0.69),
    )  # fmt: skip

    assert (await summary(db, principal.tenant_id)).certified.numerator == 1


async def test_open_paths_and_the_courses_that_come_next(
    db: Database, principal: Principal
) -> None:
    await took(db, principal, step(ACCOUNT, ANN, "basics"), step(ACCOUNT, BEN, "basics"))
    await took(db, principal, step(ACCOUNT, BEN, "charts"))
    await drained(db)

    learning = await summary(db, principal.tenant_id, None)

    assert learning.paths_open == 2
    assert {(following.course.code, following.members) for following in learning.next_courses} == {
        ("charts", 1), ("basics", 1),
    }  # fmt: skip


async def test_mastery_is_shown_by_completion_or_a_passed_assessment(
    db: Database, principal: Principal
) -> None:
    await took(
        db, principal, step(ACCOUNT, ANN, "basics"),
        step(ACCOUNT, ANN, "charts", kind="assessed", score=0.9),
        step(ACCOUNT, BEN, "charts", kind="assessed", score=0.5),
        step(ACCOUNT, BEN, "basics", kind="started"),
    )  # fmt: skip
    async with db.read(principal.tenant_id) as conn:
        mastery = await learners.mastery(conn, [ANN, BEN], JUNE)

    (skill,) = mastery[ANN]
    assert (skill.skill, skill.level, skill.value, skill.evidence) == (
        "reporting", 2, 0.5, "assessed",
    )  # fmt: skip
    assert skill.courses == ["basics", "charts"]
    assert mastery[BEN] == []


async def test_features_of_an_account_that_learns(db: Database, principal: Principal) -> None:
    await took(
        db, principal, step(ACCOUNT, ANN, "basics"), step(ACCOUNT, ANN, "charts"),
        step(ACCOUNT, BEN, "basics"), step(ACCOUNT, ANN, "exam", kind="assessed", score=0.8),
        *(step(ACCOUNT, who, "basics", kind="enrolled") for who in (ANN, BEN, CLEO)),
        step(ACCOUNT, ANN, "charts", kind="enrolled"),
    )  # fmt: skip

    assert await features(db, principal.tenant_id, JUNE, JANUARY) == [
        {
            "course_completions_180d": 3.0, "learners_180d": 2.0, "certified_members": 1.0,
            "enrolments": 4.0, "enrolments_per_learner": 4 / 3, "completed_share": 0.75,
            "course_score": pytest.approx((0.8 + 0.7) / 2),
        },
        {
            "course_completions_180d": 0.0, "learners_180d": 0.0, "certified_members": 0.0,
            "enrolments": 0.0, "enrolments_per_learner": None, "completed_share": None,
            "course_score": pytest.approx(0.7),
        },
    ]  # fmt: skip


async def test_halves_of_the_learners_are_together_the_whole(
    db: Database, principal: Principal
) -> None:
    people = [uuid4() for _ in range(12)]
    await took(
        db, principal, *(step(ACCOUNT, who, "basics", kind="enrolled") for who in people),
        *(step(ACCOUNT, who, "basics") for who in people[:9]),
        *(step(ACCOUNT, who, "exam", kind="assessed", score=0.9) for who in people[:5]),
    )  # fmt: skip
    moments = [Landmark(ACCOUNT, JUNE)]
    async with db.read(principal.tenant_id) as conn:
        (whole,) = await landmarks.features(conn, moments)
        halves = [(await landmarks.features(conn, moments, half))[0] for half in (0, 1)]

    for name in ("course_completions_180d", "learners_180d", "certified_members", "enrolments"):
        assert sum(number(half, name) for half in halves) == number(whole, name) > 0
    shares = [number(half, "completed_share") for half in halves if half["enrolments"]]
    assert min(shares) <= number(whole, "completed_share") <= max(shares)
    scores = [number(half, "course_score") for half in halves]
    score = number(whole, "course_score")
    assert score == pytest.approx((5 * 0.9 + 0.7) / 6)
    assert 0.7 - 1e-9 <= min(scores) <= max(scores) <= score + 1e-9


@pytest.mark.parametrize("late", [JUNE, JUNE + DAY])
async def test_features_do_not_move_by_what_was_recorded_at_the_landmark_or_later(
    db: Database, principal: Principal, late: Any
) -> None:
    await took(db, principal, step(ACCOUNT, ANN, "basics"))
    before = await features(db, principal.tenant_id, JUNE)
    await took(
        db, principal, step(ACCOUNT, BEN, "basics", recordedAt=late),
        step(ACCOUNT, BEN, "exam", kind="assessed", score=1.0, recordedAt=late),
        step(ACCOUNT, CLEO, "basics", at=late),
        step(ACCOUNT, BEN, "charts", kind="enrolled", recordedAt=late),
    )  # fmt: skip

    assert await features(db, principal.tenant_id, JUNE) == before
    assert await features(db, principal.tenant_id, late + DAY) != before


async def test_bad_steps_get_receipts_that_name_the_field(
    db: Database, owner: Conn, principal: Principal
) -> None:
    rows: dict[str | None, dict[str, Any]] = {
        "courseCode": step(ACCOUNT, ANN, "nowhere"),
        "kind": step(ACCOUNT, ANN, "basics", kind="slept"),
        "score": step(ACCOUNT, ANN, "basics", kind="assessed"),
        "occurredAt": step(ACCOUNT, ANN, "basics", recordedAt=JUNE - 11 * DAY),
        "memberId": step(ACCOUNT, ANN, "basics", memberId="ann"),
        "accountId": step(ACCOUNT, ANN, "basics", accountId=global_id("Member", ANN)),
        None: step(ACCOUNT, ANN, "basics", accountId=global_id("Account", ACCOUNT)),
    }
    receipts = await send(db, principal, progress_actions.PROGRESS, *rows.values())

    assert [receipt.field for receipt in receipts] == list(rows)
    assert [receipt.status for receipt in receipts] == [*["rejected"] * 6, "accepted"]
    assert len(await facts_told(owner, "LearningChanged")) == 1


async def test_a_step_sent_again_is_a_duplicate_and_other_values_conflict(
    db: Database, owner: Conn, principal: Principal
) -> None:
    await took(db, principal, step(ACCOUNT, ANN, "basics"))
    receipts = await send(
        db, principal, progress_actions.PROGRESS, step(ACCOUNT, ANN, "basics"),
        step(ACCOUNT, ANN, "basics", occurredAt=JUNE - 12 * DAY),
    )  # fmt: skip

    assert [receipt.status for receipt in receipts] == ["duplicate", "conflict"]
    assert len(await facts_told(owner, "LearningChanged")) == 1


async def test_a_step_by_command_finds_the_account_and_is_the_same_when_sent_again(
    db: Database, principal: Principal
) -> None:
    row = {
        "memberId": global_id("Member", ANN), "courseCode": "basics", "kind": "completed",
        "occurredAt": JUNE,
    }  # fmt: skip
    async with db.write(principal.tenant_id) as conn:
        first = await progress_actions.progress_record(conn, row, principal)
        again = await progress_actions.progress_record(conn, row, principal)
        with pytest.raises(NotFound):
            await progress_actions.progress_record(
                conn, {**row, "memberId": str(uuid4())}, principal
            )
        with pytest.raises(InvalidInput, match="courseCode"):
            await progress_actions.progress_record(
                conn, {**row, "courseCode": "nowhere"}, principal
            )

    assert first == again
    assert first.account_id == ACCOUNT


async def test_another_tenant_sees_nothing(
    db: Database, principal: Principal, other_tenant: UUID
) -> None:
    await took(db, principal, step(ACCOUNT, ANN, "basics"))

    assert (await summary(db, other_tenant)).learners == 0
    assert (await features(db, other_tenant, JUNE))[0]["course_completions_180d"] == 0
    async with db.read(other_tenant) as conn:
        assert await learners.mastery(conn, [ANN]) == {ANN: []}


async def test_bulk_keeps_thousands_of_steps_a_second(db: Database, principal: Principal) -> None:
    rows = [step(ACCOUNT, uuid4(), "basics") for _ in range(3_000)]
    started = time.perf_counter()

    await took(db, principal, *rows)

    assert time.perf_counter() - started < 2.0


async def test_others_are_told_whether_a_completed_course_counts_as_training(
    db: Database, owner: Conn, principal: Principal
) -> None:
    await teach(db, principal, course("extra", required=False))
    await took(
        db, principal, step(ACCOUNT, ANN, "basics"), step(ACCOUNT, ANN, "extra")
    )  # fmt: skip

    (changed,) = await facts_told(owner, "LearningChanged")
    told_of = {done["course"]: done["required"] for done in changed["completed"]}
    assert told_of == {"basics": True, "extra": False}
