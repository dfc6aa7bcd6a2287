"""What is recorded after a moment changes no signal's answer about it, whatever it is."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.usage import store
from services.usage.actions import plans
from services.usage.actions import signals as actions
from services.usage.store import catalogue, habits, journeys, sessions, signals
from shared.auth import SCOPES, Principal
from shared.db import Database
from shared.landmark import Landmark
from tests.conftest import DatabaseOf
from tests.services.usage.journey_rows import contract, milestone, sent, use_case
from tests.services.usage.rows import DAY, event, named, send
from tests.services.usage.test_rollups import MOMENTS, ZONES, Use, uses
from tests.services.usage.world import World

KEEN = [f"{name}-{n}" for name in "abcdefgh" for n in range(2)]
RULE = {"key": "hand", "feature": "reports", "atLeast": 2, "within": "day", "suggests": "export"}


@pytest.fixture
async def db(database: DatabaseOf) -> Database:
    return await database("usage")


async def answers(world: World, others: Sequence[UUID], moment: datetime) -> dict[str, Any]:
    """Everything usage says about the moment, by the name of what says it."""
    asked = [world.account, *others]
    async with world.db.read(world.tenant) as conn:
        return {
            "summary": await store.summary(conn, asked, moment),
            "signals": await signals.signals(conn, asked, moment),
            "inputs": await store.features(conn, [Landmark(key, moment) for key in asked]),
            "time": await sessions.time_spent(conn, asked, moment),
            "sessions": await sessions.member_sessions(conn, world.account, "ann", moment),
            "habits": await habits.habits(conn, asked, moment),
            "suggestions": await habits.suggestions(conn, asked, moment),
            "journeys": await journeys.journeys(conn, asked, moment),
            "value": await journeys.value_times(conn, as_of=moment),
            "funnel": await journeys.milestone_funnel(conn, as_of=moment),
            "associations": await journeys.renewal_associations(conn, moment),
            "features": await catalogue.feature_list(conn, as_of=moment),
        }


async def described(world: World, recorded: datetime, *, core: bool) -> None:
    """The catalogue, plans and people, as they are told at a moment."""
    at = {"recordedAt": recorded}
    caller = world.loader
    await world.features({"key": "reports", "core": core, "sticky": core, **at})
    await world.features({"key": "export", "tier": "advanced", "qualifying": core, **at})
    await world.members("ann", recorded=recorded, role="owner" if core else "clerk")
    await world.members("bob", recorded=recorded, internal=not core)
    await world.plan("team" if core else "enterprise", 6 if core else 60, recorded=recorded)
    await world.trained("ann", recorded, recorded)
    days = 7 if core else 30
    await use_case(world.db, caller, naturalFrequencyDays=days, **at)
    await milestone(world.db, caller, "reports", dueDay=days, isValue=True, **at)
    await milestone(world.db, caller, "both", features=["reports", "export"], order=int(core), **at)
    rule = {**RULE, "atLeast": 2 if core else 1, **at}
    await sent(world.db, caller, plans.MANUAL_RULES, rule)


async def changed(world: World, others: Sequence[UUID], used: Sequence[Use], at: datetime) -> None:
    """Late, repeated and corrected rows of every kind, recorded from `at` on."""
    known = [use.row(world.account) for use in used]
    await send(world.db, world.loader, [{**row, "recordedAt": at} for row in known])
    await send(world.db, world.loader, [{**row, "feature": "other"} for row in known])
    late = [
        event(key, memberId=name, occurredAt=at - n * DAY / 2, recordedAt=at)
        for n, name in enumerate(KEEN)
        for key in (world.account, *others)
    ]
    await send(world.db, world.loader, late)
    await described(world, at, core=False)
    start, end = (at - 300 * DAY).date(), at.date()
    given = {"recorded_at": at, "end_on": end, "ended_on": end, "outcome": "lost", "seats": 99}
    await contract(world.db, world.tenant, world.account, start, **given)
    await world.told(
        "accounts", "AccountChanged", name="Acme", external_ids=[], intended_users=1,
        internal=True, recorded_at=at,
    )  # fmt: skip
    async with world.db.write(world.tenant) as conn:
        await actions.measure(conn, [world.account, *others], at)


@settings(
    max_examples=8, phases=[Phase.generate]
)  # an example is a hundred statements: no shrinking
@given(
    used=uses(),
    moment=MOMENTS,
    zone=st.sampled_from(ZONES),
    lag=st.sampled_from([timedelta(microseconds=1), timedelta(hours=5), 40 * DAY]),
    is_measured=st.booleans(),
)
async def test_nothing_recorded_later_changes_any_signal(
    db: Database, used: list[Use], moment: datetime, zone: str, lag: timedelta, *, is_measured: bool
) -> None:
    tenant = uuid4()
    world = World(db, tenant, await named(db, tenant, uuid4()))
    others = [await named(db, tenant, uuid4()) for _ in range(9)]
    caller = Principal(tenant, "loader", SCOPES, zone)
    await send(db, caller, [event(others[0], occurredAt=moment - 400 * DAY)])  # whose days count
    await described(world, moment - 60 * DAY, core=True)
    for key in (world.account, *others):
        await contract(db, tenant, key, date(2025, 6, 1))
    early = [use for use in used if use.recorded <= moment]
    rows = [use.row(key) for use in early[:9] for key in others]
    unique = [{**row, "id": f"{row['id']}-{row['accountId']}"} for row in rows]
    await send(db, caller, [use.row(world.account) for use in early] + unique)
    if is_measured:
        async with db.write(tenant) as conn:
            await actions.measure(conn, [world.account, *others], moment - 3 * DAY)

    before = await answers(world, others, moment)
    await changed(world, others, used, moment + lag)
    after = await answers(world, others, moment)
    for name, answer in before.items():
        assert after[name] == answer, name
    assert await answers(world, others, moment + lag + DAY) != before
