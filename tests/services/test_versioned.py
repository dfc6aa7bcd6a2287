"""What holds of every table of versions, whichever it is and however many send at once."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, pairwise
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.intake.rows import Receipt, receive
from shared.intake.versioned import Versioned
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from tests.conftest import DatabaseOf
from tests.examples import send
from tests.services.examples import DIGESTS, ROWS, TABLES, Json, prepare, route_of, schema_of

THINGS = 12
AT_ONCE_S = 5.0
OVER_ALL = {"learning.course"}
"""Codes are unique among all courses of a tenant and none needs itself: its senders do wait."""
DATES = ["2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z"]

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.relation)


@dataclass
class Place:
    """One table of one tenant, ready to take rows about its things."""

    db: Database
    who: Principal
    table: Versioned[Any]
    owner: Conn

    def row(self, thing: int, value: int, **more: Any) -> Json:
        return ROWS[self.table.relation](thing, value) | more

    async def send(self, *rows: Json) -> list[Receipt]:
        return await send(self.db, self.who, route_of(self.table), *rows)

    async def statuses(self, *rows: Json) -> list[str]:
        return [receipt.status for receipt in await self.send(*rows)]

    async def versions(self) -> list[tuple[str, datetime, bytes]]:
        """What is kept of the tenant's things, by id and time."""
        key, relation = self.table.key, self.table.relation
        rows = await self.owner.fetch(
            f"SELECT {key}::text AS id, recorded_at, digest FROM {relation}"  # noqa: S608 - ours
            f" WHERE tenant_id = $1 ORDER BY {key}, recorded_at",
            self.who.tenant_id,
        )
        return [(row["id"], row["recorded_at"], row["digest"]) for row in rows]


@pytest.fixture
async def place(
    database: DatabaseOf, principal: Principal, owner: Conn, table: Versioned[Any]
) -> Place:
    """The table as the tenant of this test finds it; what its rows refer to is there."""
    await prepare(database, principal, table, range(THINGS))
    return Place(await database(schema_of(table)), principal, table, owner)


async def test_every_table_of_versions_is_declared(owner: Conn) -> None:
    rows = await owner.fetch(
        "SELECT table_schema || '.' || table_name AS relation FROM information_schema.columns"
        " WHERE column_name IN ('tenant_id', 'recorded_at', 'digest')"
        " GROUP BY 1 HAVING count(*) = 3"
    )
    assert sorted(row["relation"] for row in rows) == sorted(table.relation for table in TABLES)


@every_table
async def test_the_same_batch_again_is_all_duplicates(place: Place) -> None:
    rows = [place.row(thing, 0) for thing in range(THINGS)]

    assert await place.statuses(*rows) == ["accepted"] * THINGS
    versions = await place.versions()
    assert await place.statuses(*rows) == ["duplicate"] * THINGS
    assert await place.versions() == versions
    assert len(versions) == THINGS


@every_table
async def test_other_values_are_a_new_version_or_a_conflict(place: Place) -> None:
    corrects = place.table.corrections
    await place.send(place.row(0, 0), place.row(1, 0))

    other = "accepted" if corrects else "conflict"
    assert await place.statuses(place.row(0, 1), place.row(1, 0)) == [other, "duplicate"]
    assert len(await place.versions()) == 2 + corrects


@every_table
async def test_a_batch_may_hold_two_versions_of_one_thing(place: Place) -> None:
    rows = [place.row(0, 0), place.row(1, 0), place.row(0, 1), place.row(0, 1)]

    first, neighbour, *others = await place.send(*rows)

    corrects = place.table.corrections
    expected = ["accepted", "duplicate"] if corrects else ["conflict", "conflict"]
    assert [receipt.status for receipt in others] == expected
    assert [first.status, neighbour.status] == ["accepted"] * 2
    assert {receipt.id for receipt in others} == {first.id} != {neighbour.id}
    assert Counter(key for key, _, _ in await place.versions())[first.id or ""] == 1 + corrects


@every_table
async def test_a_bad_row_is_named_and_its_neighbours_are_taken(place: Place) -> None:
    bad = [place.row(1, 0, surprise=1), *unknown_account(place.row(2, 0))]
    receipts = await place.send(place.row(0, 0), *bad, place.row(3, 0))

    assert [receipt.status for receipt in receipts] == [
        "accepted", *["rejected"] * len(bad), "accepted"
    ]  # fmt: skip
    assert [receipt.field for receipt in receipts[1:-1]] == ["surprise", "accountId"][: len(bad)]
    assert len(await place.versions()) == 2


def unknown_account(row: Json) -> list[Json]:
    """The row with an account that is none, where it belongs to one."""
    return [row | {"accountId": "nobody"}] if "accountId" in row else []


@every_table
async def test_ids_of_another_tenant_are_unknown(
    place: Place, database: DatabaseOf, other_tenant: UUID
) -> None:
    rival = replace(place, who=replace(place.who, tenant_id=other_tenant))
    await prepare(database, rival.who, place.table, range(THINGS))
    await place.send(place.row(0, 0), place.row(1, 0))
    versions = await place.versions()

    assert await rival.statuses(rival.row(0, 1), rival.row(1, 1)) == ["accepted", "accepted"]
    assert await place.versions() == versions
    assert await place.statuses(place.row(0, 0), place.row(1, 0)) == ["duplicate", "duplicate"]


@every_table
async def test_history_that_comes_late_finds_its_place(place: Place) -> None:
    early, late = (place.row(0, 0, recordedAt=date) for date in (DATES[0], DATES[2]))
    between, against = (place.row(0, value, recordedAt=DATES[1]) for value in (1, 2))

    statuses = [(await place.statuses(row))[0] for row in (early, late, between, late, against)]

    if place.table.corrections:
        assert statuses == ["accepted", "duplicate", "accepted", "accepted", "conflict"]
    else:
        assert statuses == ["accepted", "duplicate", "conflict", "duplicate", "conflict"]
    assert len(await place.versions()) == statuses.count("accepted")


@every_table
async def test_senders_wait_for_one_another_only_over_the_same_things(
    place: Place, table: Versioned[Any]
) -> None:
    route, who = route_of(table), place.who
    async with place.db.write(who.tenant_id) as conn:
        await receive(conn, who, route, msgspec.json.encode([place.row(0, 0)]))
        same = asyncio.create_task(place.statuses(place.row(0, 0)))
        if table.relation not in OVER_ALL:
            async with asyncio.timeout(AT_ONCE_S):
                assert await place.statuses(place.row(1, 0)) == ["accepted"]
        done, _ = await asyncio.wait([same], timeout=0.2)
        assert not done
    assert await same == ["duplicate"]


@every_table
async def test_one_batch_from_many_senders_at_once_is_kept_once(place: Place) -> None:
    for senders, value in ((2, 0), (4, 1)):
        rows = [place.row(thing, value) for thing in range(THINGS)]
        batches = [random.sample(rows, THINGS) for _ in range(senders)]

        statuses = Counter(
            chain(*await asyncio.gather(*(place.statuses(*each) for each in batches)))
        )

        if value and not place.table.corrections:
            assert statuses == {"conflict": THINGS * senders}
        else:
            assert statuses == {"accepted": THINGS, "duplicate": THINGS * (senders - 1)}


@every_table
async def test_overlapping_batches_from_many_senders_lose_nothing(place: Place) -> None:
    """Each row is a version of its own or says what the version before it says."""

    async def sender(seed: int) -> list[str]:
        choice = random.Random(seed)  # noqa: S311 - no secret
        statuses: list[str] = []
        for _ in range(6):
            things = choice.sample(range(THINGS), 8)
            rows = [place.row(thing, choice.randrange(3)) for thing in things]
            statuses += await place.statuses(*rows)
        return statuses

    counts: Counter[str] = Counter()
    for senders in (2, 4):
        counts += Counter(chain(*await asyncio.gather(*map(sender, range(senders)))))

    versions = await place.versions()
    assert counts.total() == (2 + 4) * 6 * 8
    assert counts["accepted"] == len(versions)
    if place.table.corrections:
        assert counts.keys() <= {"accepted", "duplicate"}
        assert all(a[2] != b[2] for a, b in pairwise(versions) if a[0] == b[0])
    else:
        assert len(versions) == len({key for key, _, _ in versions})


@every_table
async def test_histories_from_many_senders_have_one_version_a_moment(place: Place) -> None:
    rows = [
        place.row(thing, value, recordedAt=date)
        for thing in range(THINGS)
        for value in range(2)
        for date in DATES
    ]

    batches = [random.sample(rows, len(rows) // 2) for _ in range(4)]

    statuses = Counter(chain(*await asyncio.gather(*(place.statuses(*each) for each in batches))))

    versions = await place.versions()
    assert statuses.total() == 4 * (len(rows) // 2)
    assert statuses["accepted"] == len(versions)
    assert len(versions) == len({(key, date) for key, date, _ in versions})


@every_table
async def test_a_row_has_the_digest_that_it_always_had(
    place: Place, database: DatabaseOf, table: Versioned[Any]
) -> None:
    """Else a row that was kept long ago would be a new version when it is sent again."""
    always = replace(place, who=replace(place.who, tenant_id=UUID(int=11)))
    await prepare(database, always.who, table, [0])
    (receipt,) = await always.send(always.row(0, 0))

    digests = {key: digest.hex() for key, _, digest in await always.versions()}
    assert digests[receipt.id or ""] == DIGESTS[table.relation]
