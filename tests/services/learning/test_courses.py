"""What becomes of courses sent to learning."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.learning.actions import courses as courses_actions
from services.learning.store import courses
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import InvalidInput
from tests.conftest import DatabaseOf
from tests.examples import send
from tests.services.learning.examples import (
    JANUARY,
    JUNE,
    course,
    hears,
    member_fact,
    teach,
)


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("learning")


async def codes(db: Database, tenant: UUID) -> list[str]:
    async with db.read(tenant) as conn:
        return [course.code for course in (await courses.courses(conn, 100)).items]


async def test_a_cycle_is_refused_by_name_and_its_neighbours_are_taken(
    db: Database, principal: Principal
) -> None:
    await teach(db, principal, course("a"))
    receipts = await send(
        db, principal, courses_actions.COURSES,
        course("b", prerequisites=["a"]), course("c", prerequisites=["d"]),
        course("d", prerequisites=["c"]), course("e", prerequisites=["e"]),
        course("f", prerequisites=["d"]),
    )  # fmt: skip
    later = await send(
        db, principal, courses_actions.COURSES, course("a", prerequisites=["b"], recordedAt=JUNE)
    )

    assert [receipt.status for receipt in receipts] == ["accepted", *["rejected"] * 4]
    assert [receipt.field for receipt in receipts[1:]] == ["prerequisites"] * 4
    assert "c → d → c" in str(receipts[1].message)
    assert receipts[4].value == "'d'", "d was refused, so f needs what does not exist"
    assert "a → b → a" in str(later[0].message)
    assert await codes(db, principal.tenant_id) == ["a", "b"]


async def test_a_long_cycle_is_named_in_short(db: Database, principal: Principal) -> None:
    rows = [course(f"c{n:03}", prerequisites=[f"c{(n + 1) % 500:03}"]) for n in range(500)]
    receipts = await send(db, principal, courses_actions.COURSES, *rows)

    assert {receipt.status for receipt in receipts} == {"rejected"}
    assert str(receipts[0].message).endswith("c009 → c010 → … → c000")


async def test_bad_courses_get_receipts_that_name_the_field(
    db: Database, principal: Principal
) -> None:
    await teach(db, principal, course("a"))
    bad: dict[str, dict[str, Any]] = {
        "minutes": course("x", minutes=0),
        "level": course("x", level=5),
        "prerequisites": course("x", prerequisites=["nowhere"]),
        "validTo": course("x", validFrom=JUNE, validTo=JANUARY),
        "code": course("a", id=uuid4()),
        "language": course("x", language="English!"),
    }
    receipts = await send(db, principal, courses_actions.COURSES, *bad.values())

    assert [receipt.field for receipt in receipts] == list(bad)
    assert {receipt.status for receipt in receipts} == {"rejected"}


async def test_a_course_sent_again_is_a_duplicate_and_a_change_is_a_version(
    db: Database, principal: Principal
) -> None:
    await teach(db, principal, course("a"))
    again = await send(db, principal, courses_actions.COURSES, course("a"))
    await teach(db, principal, course("a", minutes=45, recordedAt=JUNE))

    assert again[0].status == "duplicate"
    async with db.read(principal.tenant_id) as conn:
        before = await courses.courses_by_code(conn, ["a"], JANUARY)
        after = await courses.courses_by_code(conn, ["a"], JUNE)
    assert (before["a"].minutes, after["a"].minutes) == (20, 45)
    assert before["a"].id == after["a"].id


async def test_a_change_of_the_catalogue_marks_every_learner(
    db: Database, owner: Conn, principal: Principal
) -> None:
    members = [uuid4() for _ in range(3)]
    await hears(db, *(member_fact(principal.tenant_id, uuid4(), member) for member in members))
    before = await requests(owner)
    await teach(db, principal, course("a"))
    await send(db, principal, courses_actions.COURSES, course("a"))

    assert await requests(owner) == {member: times + 1 for member, times in before.items()}


async def requests(owner: Conn) -> dict[UUID, int]:
    rows = await owner.fetch("SELECT key, wanted FROM learning.work WHERE list = 'recommend'")
    return {row["key"]: row["wanted"] for row in rows}


async def test_courses_are_paged_by_code(db: Database, principal: Principal) -> None:
    await teach(db, principal, *(course(f"c{number}") for number in range(5)))
    async with db.read(principal.tenant_id) as conn:
        first = await courses.courses(conn, 2)
        second = await courses.courses(conn, 3, first.cursors[-1])

    assert [each.code for each in first.items + second.items] == [f"c{n}" for n in range(5)]
    assert (first.has_next, second.has_next) == (True, False)


async def test_one_course_by_command_obeys_the_same_rules(
    db: Database, principal: Principal
) -> None:
    async with db.write(principal.tenant_id) as conn:
        now = {name: value for name, value in course("a").items() if name != "recordedAt"}
        basics = await courses_actions.course_upsert(conn, now, principal)
        with pytest.raises(InvalidInput, match="a → a"):
            await courses_actions.course_upsert(conn, course("a", prerequisites=["a"]), principal)

    assert (basics.code, basics.minutes) == ("a", 20)
