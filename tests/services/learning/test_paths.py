"""A new member gets a path without anyone asking, and another one when something changed."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.learning.actions import paths as paths_actions
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import NotFound
from tests.conftest import DatabaseOf
from tests.services.learning.examples import (
    JANUARY,
    codes,
    course,
    drained,
    facts_told,
    hears,
    member_fact,
    path_of,
    step,
    teach,
    took,
)

ACCOUNT, MEMBER = uuid4(), uuid4()


@pytest.fixture
async def db(database: DatabaseOf, principal: Principal) -> Database:
    """A tenant with a small catalogue."""
    learning = await database("learning")
    await teach(
        learning, principal, course("basics"), course("charts", prerequisites=["basics"], level=2),
        course("admin", roles=["admin"], skill="administration"), course("deep", level=4),
    )  # fmt: skip
    return learning


async def test_a_new_member_gets_a_path_without_anyone_asking(
    db: Database, owner: Conn, tenant: UUID
) -> None:
    await hears(db, member_fact(tenant, ACCOUNT, MEMBER))
    assert await drained(db) == 1

    path = await path_of(db, tenant, MEMBER)
    assert codes(path) == ["basics", "charts"]
    assert path is not None
    assert (path.minutes, path.items[0].prerequisite_of[0].code) == (40, "charts")
    assert await facts_told(owner, "PathAssigned") == [
        {"account_id": str(ACCOUNT), "member_id": str(MEMBER), "path_id": str(path.id)}
    ]


async def test_looked_at_twice_is_one_path_and_one_fact(
    db: Database, owner: Conn, tenant: UUID
) -> None:
    await hears(db, member_fact(tenant, ACCOUNT, MEMBER))
    await drained(db)
    await hears(db, member_fact(tenant, ACCOUNT, MEMBER))
    assert await drained(db) == 1

    assert await owner.fetchval("SELECT count(*) FROM learning.path") == 1
    assert len(await facts_told(owner, "PathAssigned")) == 1


async def test_what_is_completed_leaves_the_path(
    db: Database, owner: Conn, principal: Principal
) -> None:
    await hears(db, member_fact(principal.tenant_id, ACCOUNT, MEMBER))
    await drained(db)
    await took(db, principal, step(ACCOUNT, MEMBER, "basics"))
    await drained(db)

    path = await path_of(db, principal.tenant_id, MEMBER)
    assert codes(path) == ["charts"]
    assert path is not None
    assert [(left.course.code, left.why) for left in path.excluded] == [("basics", "mastered")]
    assert len(await facts_told(owner, "PathAssigned")) == 2
    (changed,) = await facts_told(owner, "LearningChanged")
    assert changed["account_id"] == str(ACCOUNT)
    assert [(done["member_id"], done["course"]) for done in changed["completed"]] == [
        (str(MEMBER), "basics")
    ]


async def test_a_role_that_comes_back_brings_its_path_back(
    db: Database, owner: Conn, tenant: UUID
) -> None:
    for n, role in enumerate(("analyst", "admin", "analyst")):
        values = {"role": role, "recorded_at": JANUARY + timedelta(days=n)}
        await hears(db, member_fact(tenant, ACCOUNT, MEMBER, **values))
        await drained(db)

    assert codes(await path_of(db, tenant, MEMBER)) == ["basics", "charts"]
    assert await owner.fetchval("SELECT count(*) FROM learning.path") == 2
    assert len(await facts_told(owner, "PathAssigned")) == 3


async def test_a_change_that_leaves_the_steps_alone_tells_nothing(
    db: Database, owner: Conn, principal: Principal
) -> None:
    await hears(db, member_fact(principal.tenant_id, ACCOUNT, MEMBER))
    await drained(db)
    await teach(db, principal, course("basics", minutes=21, recordedAt=None))
    await teach(db, principal, course("for-others", roles=["user"]))
    await drained(db)

    assert await owner.fetchval("SELECT count(*) FROM learning.path") == 2
    assert len(await facts_told(owner, "PathAssigned")) == 1


async def test_a_path_is_told_as_it_was_then(db: Database, principal: Principal) -> None:
    await hears(db, member_fact(principal.tenant_id, ACCOUNT, MEMBER))
    await drained(db)
    first = await path_of(db, principal.tenant_id, MEMBER)
    await took(db, principal, step(ACCOUNT, MEMBER, "basics"))
    await drained(db)

    assert first is not None
    again = await path_of(db, principal.tenant_id, MEMBER, first.recommended_at)
    assert codes(again) == ["basics", "charts"]
    assert await path_of(db, principal.tenant_id, MEMBER, JANUARY) is None


async def test_who_left_and_who_has_no_role_get_what_fits(db: Database, tenant: UUID) -> None:
    leaver, plain = uuid4(), uuid4()
    await hears(
        db, member_fact(tenant, ACCOUNT, leaver, ended_at=JANUARY.isoformat()),
        member_fact(tenant, ACCOUNT, plain, role=None, level=None),
    )  # fmt: skip
    await drained(db)

    assert await path_of(db, tenant, leaver) is None
    assert codes(await path_of(db, tenant, plain)) == ["basics"]


async def test_asking_marks_work_and_answers_at_once(
    db: Database, owner: Conn, principal: Principal
) -> None:
    await hears(db, member_fact(principal.tenant_id, ACCOUNT, MEMBER))
    async with db.write(principal.tenant_id) as conn:
        recommendation = await paths_actions.path_recommend(conn, MEMBER)
        assert (recommendation.member_id, recommendation.path) == (MEMBER, None)
        with pytest.raises(NotFound):
            await paths_actions.path_recommend(conn, uuid4())

    assert await owner.fetchval("SELECT wanted FROM learning.work") == 2
    assert await drained(db) == 1


async def test_another_tenant_has_neither_courses_nor_paths(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await hears(
        db, member_fact(tenant, ACCOUNT, MEMBER), member_fact(other_tenant, ACCOUNT, MEMBER)
    )
    await drained(db)

    assert codes(await path_of(db, tenant, MEMBER)) == ["basics", "charts"]
    assert codes(await path_of(db, other_tenant, MEMBER)) == []


async def test_a_thousand_members_take_seconds(db: Database, owner: Conn, tenant: UUID) -> None:
    await owner.execute(
        "INSERT INTO learning.learner (tenant_id, member_id, account_id, role, level, added_at)"
        " SELECT $1, gen_random_uuid(), gen_random_uuid(), 'analyst', n % 4, now()"
        " FROM generate_series(1, 1000) AS n",
        tenant,
    )
    await owner.execute(
        "INSERT INTO learning.work (tenant_id, list, key, wanted, next_at)"
        " SELECT $1, 'recommend', member_id, 1, now() FROM learning.learner",
        tenant,
    )
    started = time.perf_counter()

    assert await drained(db) == 1_000
    assert time.perf_counter() - started < 3.5, "8,000 in 30 s"
    assert await owner.fetchval("SELECT count(*) FROM learning.assignment") == 1_000
