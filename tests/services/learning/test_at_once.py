"""Courses, members, steps and recommendations at the same time: nobody waits long, no path lags."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from services.learning.actions import courses as courses_actions
from services.learning.actions import paths as paths_actions
from services.learning.app import SERVICE
from services.learning.domain.paths import next_path
from services.learning.store import courses, directory, learners
from shared.intake.rows import receive
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.process.listeners import hear
from tests.conftest import DatabaseOf
from tests.services.learning.examples import (
    codes,
    course,
    drained,
    hears,
    member_fact,
    path_of,
    step,
    teach,
    took,
)

LISTENERS = SERVICE.listeners["accounts"]
AT_ONCE_S = 5.0


@pytest.fixture
async def db(database: DatabaseOf, principal: Principal) -> Database:
    """A tenant with one course."""
    learning = await database("learning")
    await teach(learning, principal, course("basics"))
    return learning


async def test_steps_are_taken_while_others_are_recommended_paths(
    db: Database, principal: Principal
) -> None:
    account, member = uuid4(), uuid4()
    await hears(db, member_fact(principal.tenant_id, account, member))

    async with db.write(principal.tenant_id) as conn:
        assert await paths_actions.recommend(conn, [member], datetime.now(UTC)) == 1
        async with asyncio.timeout(AT_ONCE_S):
            await took(db, principal, step(uuid4(), uuid4(), "basics"))
            await hears(db, member_fact(principal.tenant_id, uuid4(), uuid4()))


async def test_who_joins_while_a_course_is_added_gets_a_path_with_it(
    db: Database, principal: Principal
) -> None:
    account, member = uuid4(), uuid4()
    async with db.write(principal.tenant_id) as conn:
        body = msgspec.json.encode([course("new")])
        await receive(conn, principal, courses_actions.COURSES, body)
        joins = asyncio.create_task(hears(db, member_fact(principal.tenant_id, account, member)))
        done, _ = await asyncio.wait([joins], timeout=0.2)
        assert not done
    await joins
    await drained(db)

    assert codes(await path_of(db, principal.tenant_id, member)) == ["basics", "new"]


async def test_a_course_that_is_added_while_somebody_joins_is_on_their_path(
    db: Database, principal: Principal
) -> None:
    account, member = uuid4(), uuid4()
    async with db.write(principal.tenant_id) as conn:
        await hear(conn, LISTENERS, [member_fact(principal.tenant_id, account, member)])
        adds = asyncio.create_task(teach(db, principal, course("new")))
        done, _ = await asyncio.wait([adds], timeout=0.2)
        assert not done
    await adds
    await drained(db)

    assert codes(await path_of(db, principal.tenant_id, member)) == ["basics", "new"]


@dataclass
class Tenant:
    """Everything that happens in learning, over and over."""

    db: Database
    principal: Principal
    members: dict[UUID, UUID]

    def some(self, most: int) -> list[tuple[UUID, UUID]]:
        return random.sample(list(self.members.items()), most)

    async def joins(self) -> None:
        for level in range(3):
            for member, account in self.some(len(self.members)):
                entry = member_fact(self.principal.tenant_id, account, member, level=level)
                await hears(self.db, entry)

    async def teaches(self) -> None:
        for number in range(8):
            needs = [f"c{number - 1}"] if number else []
            row = course(f"c{number}", minutes=5, prerequisites=needs)
            await teach(self.db, self.principal, row)

    async def learns(self) -> None:
        for _ in range(12):
            rows = [
                step(account, member, "basics", id=str(uuid4()), at=datetime.now(UTC))
                for member, account in self.some(6)
            ]
            await took(self.db, self.principal, *rows)

    async def recommends(self) -> None:
        for _ in range(12):
            await drained(self.db)


async def test_whatever_comes_at_the_same_time_every_path_follows_in_the_end(
    db: Database, principal: Principal
) -> None:
    accounts = [uuid4() for _ in range(4)]
    members = {uuid4(): accounts[number % 4] for number in range(12)}
    acme = Tenant(db, principal, members)

    await asyncio.gather(
        acme.joins(), acme.teaches(), acme.learns(), acme.learns(), acme.recommends(),
        acme.recommends(),
    )  # fmt: skip
    while await drained(db):
        pass

    async with db.read(principal.tenant_id) as conn:
        everybody = await directory.learners(conn, list(members))
        shown = await learners.proofs(conn, list(members))
        catalogue = await courses.catalogue(conn)
    for member in members:
        mastered = {proof.course for proof in shown[member]}
        plan = next_path(everybody[member], mastered, catalogue)
        assert codes(await path_of(db, principal.tenant_id, member)) == plan.courses
