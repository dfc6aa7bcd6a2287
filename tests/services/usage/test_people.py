"""Names of one person: told in any order, use counts once, for one, and from then on."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.people import MAX_NAMES, People, PersonName
from services.usage.store import sessions as sessions_store
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import InvalidInput
from tests.services.usage.examples import World, an_account, event, marked, named, send, summary
from tests.services.usage.processes import Served
from tests.services.usage.test_segment import deliver, events, group, track

EXAMPLES = hypothesis.settings(max_examples=40)


def identify(user: str, visitor: str) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "anonymousId": visitor}


def alias(old: str, new: str) -> dict[str, Any]:
    return {"type": "alias", "previousId": old, "userId": new}


def visit(visitor: str, event: str = "Visit") -> dict[str, Any]:
    return track(None, event, anonymousId=visitor)


async def counted(
    db: Database, tenant: UUID, account: UUID, as_of: datetime | None = None
) -> tuple[float | None, float | None]:
    """Events and active people of 28 days."""
    usage = await summary(db, tenant, account, as_of)
    return usage.events_28.value, usage.active_members_28.value


async def waiting(owner: Conn) -> int:
    return await owner.fetchval("SELECT count(*) FROM usage.pending_event")


async def test_what_a_user_did_first_counts_with_the_group_call_of_the_same_batch(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))

    await deliver(
        http, principal, track("ann", "First"), group("ann", "g1"), track("ann", "Second")
    )

    assert await events(owner) == [(acme, "ann", "First"), (acme, "ann", "Second")]
    assert await waiting(owner) == 0


async def test_what_a_visitor_did_before_signing_in_is_the_users_once_the_user_has_a_group(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))

    for message in (visit("v1"), identify("ann", "v1"), group("ann", "g1"), track("ann")):
        await deliver(http, principal, message)

    assert await waiting(owner) == 0
    assert await counted(db, tenant, acme) == (2, 1)


async def test_events_count_where_their_person_belonged_whatever_the_batches(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    first, second = [await an_account(db, tenant, ("segment", name)) for name in ("g1", "g2")]

    await deliver(
        http, principal, track("ann", "a"), group("ann", "g1"), track("ann", "b"),
        group("ann", "g2"), track("ann", "c"),
    )  # fmt: skip
    await deliver(http, principal, track("ann", "d"))

    assert await events(owner) == [
        (first, "ann", "a"), (first, "ann", "b"), (second, "ann", "c"), (second, "ann", "d"),
    ]  # fmt: skip


async def test_what_was_answered_before_two_names_were_one_stays_answered(
    http: Served, db: Database, tenant: UUID, principal: Principal
) -> None:
    acme = await an_account(db, tenant, ("segment", "g1"))
    about = {"context": {"groupId": "g1"}}
    await deliver(http, principal, {**visit("v1"), **about}, track("ann", **about))
    apart = datetime.now(UTC)
    then = await counted(db, tenant, acme)
    await deliver(http, principal, identify("ann", "v1"))
    joined = datetime.now(UTC)
    await deliver(http, principal, alias("ann", "anna"), track("anna", **about))

    assert then == (2, 2)
    assert await counted(db, tenant, acme, apart) == (2, 2)
    assert await counted(db, tenant, acme, joined) == (2, 1)
    assert await counted(db, tenant, acme) == (3, 1)
    assert acme in await marked(db, tenant)


async def test_two_people_on_one_device_are_two_and_each_counts_for_the_own_company(
    http: Served, db: Database, tenant: UUID, principal: Principal
) -> None:
    first, second = [await an_account(db, tenant, ("segment", name)) for name in ("g1", "g2")]
    await deliver(http, principal, group("ann", "g1"), group("bob", "g2"), visit("shared"))
    await deliver(http, principal, identify("ann", "shared"), identify("bob", "shared"))
    await deliver(http, principal, alias("shared", "bob"), track("bob"), track("ann"))
    await deliver(http, principal, track("bob", anonymousId="shared"))

    assert await counted(db, tenant, first) == (2, 1), "the device's own use is the first one's"
    assert await counted(db, tenant, second) == (2, 1)


@pytest.mark.parametrize("first", list(permutations(["member", "names", "use"])))
async def test_a_person_is_the_member_whom_accounts_know_by_any_of_its_names(
    http: Served, db: Database, world: World, principal: Principal, first: Sequence[str]
) -> None:
    await named(db, world.tenant, world.account, ("segment", "g1"))
    for step in first:
        if step == "member":
            await world.members("ann", recorded=datetime.now(UTC))
        elif step == "names":
            await deliver(http, principal, identify("ann", "v1"), alias("ann", "ann@acme.test"))
        else:
            about = {"context": {"groupId": "g1"}}
            await deliver(
                http, principal, {**visit("v1"), **about}, track("ann@acme.test", **about)
            )

    assert await counted(db, world.tenant, world.account) == (2, 1)
    async with db.read(world.tenant) as conn:
        for name in (str(world.people["ann"]), "v1", "ann@acme.test"):
            sessions = await sessions_store.member_sessions(conn, world.account, name)
            assert sum(session.events for session in sessions) == 2, name


async def test_use_under_an_external_id_that_a_member_had_stays_the_members(
    db: Database, world: World, principal: Principal
) -> None:
    rows = [event(world.account, memberId=name) for name in ("old", "new")]
    await send(db, principal, rows)
    await world.members("old", recorded=datetime.now(UTC))
    renamed = datetime.now(UTC)
    await world.members("old", recorded=datetime.now(UTC), external_id="new")

    assert await counted(db, world.tenant, world.account, renamed) == (2, 2)
    assert await counted(db, world.tenant, world.account) == (2, 1)


async def test_an_internal_persons_visits_count_no_more_once_they_are_known_as_such(
    http: Served, db: Database, world: World, principal: Principal
) -> None:
    await named(db, world.tenant, world.account, ("segment", "g1"))
    await deliver(http, principal, group("tester", "g1"), visit("v1"), track("tester"))
    await deliver(http, principal, identify("tester", "v1"), group("ann", "g1"), track("ann"))
    assert await counted(db, world.tenant, world.account) == (3, 2)

    await world.members("tester", recorded=datetime.now(UTC), internal=True)

    assert await counted(db, world.tenant, world.account) == (1, 1)


async def test_events_left_waiting_count_with_the_next_word_of_their_user(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    """As an earlier version left them: the group was known, and only a change released events."""
    acme = await an_account(db, tenant, ("segment", "g1"))
    await deliver(http, principal, track("ann", "First"))
    await owner.execute("INSERT INTO usage.segment_group VALUES ($1, 'ann', now(), 'g1')", tenant)

    await deliver(http, principal, {"type": "identify", "userId": "ann"})

    assert await events(owner) == [(acme, "ann", "First")]


async def test_group_calls_and_events_racing_leave_nothing_waiting(
    http: Served, db: Database, tenant: UUID, principal: Principal, owner: Conn
) -> None:
    await an_account(db, tenant, ("segment", "g1"))
    messages = [
        message
        for n in range(8)
        for message in (visit(f"v{n}"), identify(f"u{n}", f"v{n}"), group(f"u{n}", "g1"),
                        track(f"u{n}"))
    ]  # fmt: skip
    random.Random(3).shuffle(messages)  # noqa: S311 - a shuffle, not a secret

    await asyncio.gather(*(deliver(http, principal, message) for message in messages))

    assert await waiting(owner) == 0
    assert await owner.fetchval("SELECT sum(events) FROM usage.daily") == 16


async def test_names_of_a_tenant_mean_nothing_to_another(
    http: Served, db: Database, tenant: UUID, other_tenant: UUID, principal: Principal
) -> None:
    rival = Principal(other_tenant, "rival", ("ingest",))
    theirs = await an_account(db, other_tenant, ("segment", "g1"))
    await deliver(http, principal, identify("ann", "v1"))
    await deliver(http, rival, group("ann", "g1"), group("v1", "g1"), track("ann"), visit("v1"))

    assert await counted(db, other_tenant, theirs) == (2, 2)


def test_a_person_of_very_many_names_is_nobodys_name() -> None:
    people = People([PersonName("crowd", "crowd", None, None, waits=False, names=MAX_NAMES + 1)])
    with pytest.raises(InvalidInput):
        people.join("ann", "crowd", "previousId")
    people.join("crowd", "v1", "anonymousId")
    assert people.person("v1") == "crowd"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_everybody_is_one_person_and_the_first_who_takes_a_name_keeps_it(
    joins: list[tuple[int, int]],
) -> None:
    people = People([])
    for name, other in joins:
        before = people.person(f"{other}")
        people.join(f"{name}", f"{other}", "previousId")
        if before != f"{other}":
            assert people.person(f"{other}") == people.person(before)
    for name in people.aliases:
        assert people.person(name) == people.aliases[name] != name
        assert people.person(people.person(name)) == people.person(name)
