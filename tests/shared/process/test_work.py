"""Work lists: nothing marked is lost, nothing is done under a lost lease, poison does not block."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from shared.platform.db import Database
from shared.process import work
from shared.process.work import WorkList
from shared.vocabulary.errors import Conflict, ServiceUnavailable
from tests.conftest import DatabaseOf

LIST = WorkList("things")


async def marked(db: Database, tenant: UUID, *keys: UUID) -> None:
    async with db.write(tenant) as conn:
        await work.mark(conn, LIST, keys)


async def test_what_is_marked_is_drained_once(database: DatabaseOf, tenant: UUID) -> None:
    db, keys, done = await database("risk"), [uuid4() for _ in range(5)], []
    await marked(db, tenant, *keys)
    await marked(db, tenant, *keys)

    async def do(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with db.write(tenant_id) as conn:
            done.extend(claim.key for claim in claims)
            await work.finish(conn, LIST, claims)

    assert await work.drain(db, LIST, do) == 5
    assert await work.drain(db, LIST, do) == 0
    assert sorted(done) == sorted(keys)


async def test_a_mark_during_the_work_is_drained_again(database: DatabaseOf, tenant: UUID) -> None:
    db, key = await database("risk"), uuid4()
    await marked(db, tenant, key)
    (claim,) = await work.claim(db, LIST)

    await marked(db, tenant, key)
    async with db.write(tenant) as conn:
        await work.finish(conn, LIST, [claim])

    assert [again.key for again in await work.claim(db, LIST)] == [key]


async def test_a_lost_lease_refuses_the_result(database: DatabaseOf, tenant: UUID) -> None:
    db, key = await database("risk"), uuid4()
    await marked(db, tenant, key)
    (slow,) = await work.claim(db, replace(LIST, lease_s=0))
    (quick,) = await work.claim(db, LIST)
    assert slow.key == quick.key

    with pytest.raises(Conflict):
        async with db.write(tenant) as conn:
            await work.finish(conn, LIST, [slow])


async def test_poison_is_tried_again_later_while_the_others_flow(
    database: DatabaseOf, tenant: UUID
) -> None:
    db, keys = await database("risk"), [uuid4() for _ in range(4)]
    poison, done = keys[2], []
    await marked(db, tenant, *keys)

    async def do(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with db.write(tenant_id) as conn:
            if any(claim.key == poison for claim in claims):
                raise ValueError("cannot be scored")
            done.extend(claim.key for claim in claims)
            await work.finish(conn, LIST, claims)

    await work.drain(db, LIST, do)

    assert sorted(done) == sorted(set(keys) - {poison})
    assert await work.pending(db, LIST) == 1


async def test_claims_cross_tenants_but_rows_do_not(
    database: DatabaseOf, tenant: UUID, other_tenant: UUID
) -> None:
    db = await database("risk")
    await marked(db, tenant, uuid4())
    await marked(db, other_tenant, uuid4())

    claims = await work.claim(db, LIST)

    assert {claim.tenant_id for claim in claims} == {tenant, other_tenant}
    async with db.read(tenant) as conn:
        assert await conn.fetchval("SELECT count(*) FROM work") == 1


async def test_a_lease_lasts_as_long_as_the_work_and_no_longer_than_who_does_it(
    database: DatabaseOf, tenant: UUID
) -> None:
    db, key, short = await database("risk"), uuid4(), replace(LIST, lease_s=0.3)
    await marked(db, tenant, key)
    others: list[work.Claim] = []

    async def do(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        for _ in range(10):
            await asyncio.sleep(0.1)
            others.extend(await work.claim(db, short))
        async with db.write(tenant_id) as conn:
            await work.finish(conn, short, claims)

    assert await work.drain(db, short, do) == 1
    assert others == []

    await marked(db, tenant, key)
    await work.claim(db, short)  # by somebody who is killed
    await asyncio.sleep(0.4)
    assert [claim.key for claim in await work.claim(db, short)] == [key]


async def test_a_neighbour_that_is_away_is_no_try_and_nothing_is_given_up_for_it(
    database: DatabaseOf, tenant: UUID
) -> None:
    db, keys, done = await database("risk"), [uuid4() for _ in range(3)], []
    await marked(db, tenant, *keys)

    async def in_vain(_: UUID, __: Sequence[work.Claim]) -> None:
        raise ServiceUnavailable("usage does not answer")

    async def do(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with db.write(tenant_id) as conn:
            done.extend(claim.attempt for claim in claims)
            await work.finish(conn, LIST, claims)

    for _ in range(20):
        assert await work.drain(db, LIST, in_vain) == 3
        await due(db, tenant)
    assert await work.drain(db, LIST, do) == 3
    assert done == [1, 1, 1]


async def test_what_was_given_up_begins_anew_when_it_is_asked_for_again(
    database: DatabaseOf, tenant: UUID
) -> None:
    db, key = await database("risk"), uuid4()
    await marked(db, tenant, key)

    async def poison(_: UUID, __: Sequence[work.Claim]) -> None:
        raise ValueError("cannot be scored")

    while await work.drain(db, LIST, poison):
        await due(db, tenant)
    assert await work.pending(db, LIST) == 0

    await marked(db, tenant, key)
    assert [claim.attempt for claim in await work.claim(db, LIST)] == [1]


async def due(db: Database, tenant: UUID) -> None:
    """Whatever waits for another try need wait no longer."""
    async with db.write(tenant) as conn:
        await conn.execute(
            "UPDATE work SET next_at = clock_timestamp() WHERE list = $1 AND next_at < 'infinity'",
            LIST.name,
        )
