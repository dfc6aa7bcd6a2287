"""Work lists: nothing marked is lost, nothing is done under a lost lease, poison does not block."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from shared.platform.db import Database
from shared.process import work
from shared.process.work import WorkList
from shared.vocabulary.errors import Conflict
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
