"""What is recorded after a moment changes no signal's answer about it, whatever it is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.usage.actions import signals as signals_actions
from services.usage.actions.value_plan import MANUAL_RULES, MILESTONES, USE_CASES
from services.usage.store import (
    catalogue,
    habits,
    journeys,
    landmarks,
    member_funnel,
    sessions,
    signals,
    stickiness,
)
from services.usage.store import reads as reads_store
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import Landmark
from tests.services.usage.examples import (
    DAY,
    World,
    contract,
    event,
    milestone,
    named,
    send,
    send_rows,
    use_case,
)
from tests.services.usage.test_rollups import AUTUMN, MOMENTS, ZONES, Use, uses

KEEN = [f"{name}-{n}" for name in "abcdefgh" for n in range(2)]
RULE = {"key": "hand", "feature": "reports", "atLeast": 2, "within": "day", "suggests": "export"}


async def answers(world: World, others: Sequence[UUID], moment: datetime) -> dict[str, Any]:
    """Everything usage says about the moment, by the name of what says it."""
    accounts = [world.account, *others]
    async with world.db.read(world.tenant) as conn:
        return {
            "summary": await reads_store.summary(conn, accounts, moment),
            "signals": await signals.signals(conn, accounts, moment),
            "inputs": await landmarks.features(conn, [Landmark(key, moment) for key in accounts]),
            "time": await sessions.time_spent(conn, accounts, moment),
            "sessions": await sessions.member_sessions(conn, world.account, "ann", moment),
            "stickiness": await stickiness.stickiness(conn, accounts, 30, moment),
            "habits": await habits.habits(conn, accounts, moment),
            "segment": await habits.segment_habits(conn, accounts, moment),
            "suggestions": await habits.suggestions(conn, accounts, moment),
            "journeys": await journeys.journeys(conn, accounts, moment),
            "value": await journeys.value_times(conn, as_of=moment),
            "funnel": await journeys.milestone_funnel(conn, as_of=moment),
            "members": await member_funnel.funnel_of_members(conn, as_of=moment),
            "associations": await journeys.renewal_associations(conn, moment),
            "features": await catalogue.feature_list(conn, as_of=moment),
        }


async def described(world: World, recorded: datetime) -> None:
    """The catalogue, plans and people, as they are told at a moment."""
    at = {"recordedAt": recorded}
    caller = world.loader
    await world.features({"key": "reports", "core": True, "sticky": True, **at})
    await world.features({"key": "export", "tier": "advanced", **at})
    await world.members("ann", recorded=recorded, role="owner")
    await world.members("bob", recorded=recorded)
    await world.plan("team", 6, recorded=recorded)
    await world.trained("ann", recorded, recorded)
    await use_case(world.db, caller, persona="owner", **at)
    await milestone(world.db, caller, "reports", dueDay=7, isValue=True, **at)
    await milestone(world.db, caller, "both", features=["reports", "export"], order=1, **at)
    await send_rows(world.db, caller, MANUAL_RULES, {**RULE, **at})


@dataclass(frozen=True)
class Later:
    """Something that becomes known at `at`, after the moment asked about; what, is up to chance."""

    world: World
    others: Sequence[UUID]
    used: Sequence[Use]
    at: datetime
    random: Random

    @property
    def anyone(self) -> str:
        return self.random.choice(["ann", "bob", *KEEN, str(self.world.people["ann"])])

    @property
    def feature(self) -> str:
        return self.random.choice(["reports", "export", "other"])

    async def late(self) -> None:
        """New events of the time before, of everybody's."""
        rows = [
            event(
                self.random.choice([self.world.account, *self.others]),
                memberId=self.anyone,
                feature=self.feature,
                occurredAt=self.at - timedelta(days=self.random.expovariate(1 / 20)),
                recordedAt=self.at,
            )
            for _ in range(self.random.randint(1, 40))
        ]
        await send(self.world.db, self.world.loader, rows)

    async def doubled(self) -> None:
        """What is known is sent again, as it was or with another time of recording."""
        rows = [use.row(self.world.account) for use in self.used]
        again = [{**row, "recordedAt": self.at} for row in rows]
        await send(self.world.db, self.world.loader, self.random.choice([rows, again]))

    async def corrected(self) -> None:
        """The same events with another feature, member or time."""
        change = self.random.choice([
            {"feature": "other"}, {"memberId": "cy"}, {"occurredAt": self.at - 2 * DAY},
        ])  # fmt: skip
        rows = [{**use.row(self.world.account), **change} for use in self.used]
        later = [{**row, "recordedAt": self.at} for row in rows]
        await send(self.world.db, self.world.loader, later)

    async def people(self) -> None:
        """Members leave, never were, are renamed, become internal, or come."""
        values: dict[str, Any] = self.random.choice([
            {"ended_at": self.at - 50 * DAY}, {"internal": True}, {"external_id": "cy"},
            {"external_id": None}, {"role": None}, {"added_at": self.at - 200 * DAY},
        ])  # fmt: skip
        name = self.random.choice(["ann", "bob", "new", "a-0"])
        await self.world.members(name, recorded=self.at, **values)

    async def catalogue(self) -> None:
        """Features mean something else."""
        choice = self.random.choice
        row = {
            "key": self.feature, "core": choice([True, False]), "sticky": choice([True, False]),
            "qualifying": choice([True, False]), "plans": choice([[], ["team"], ["enterprise"]]),
            "tier": choice(["basic", "advanced"]), "recordedAt": self.at,
        }  # fmt: skip
        await self.world.features(row)

    async def plans(self) -> None:
        """Use cases, milestones and rules change or are retired."""
        choice, db, caller = self.random.choice, self.world.db, self.world.loader
        case = {
            "key": choice(["report", "extra"]), "job": "Other", "coreAction": self.feature,
            "naturalFrequencyDays": choice([1, 30, 90]), "persona": choice(["owner", "clerk"]),
        }  # fmt: skip
        step = {
            "key": choice(["reports", "both", "extra"]), "title": "Other", "order": choice([0, 5]),
            "features": [self.feature], "kUsers": choice([0, 1, 2]),
            "isValue": choice([True, False]),
        }  # fmt: skip
        version = {"recordedAt": self.at, "retired": choice([True, False])}
        await send_rows(db, caller, USE_CASES, {**case, **version})
        await send_rows(db, caller, MILESTONES, {**step, **version})
        await send_rows(db, caller, MANUAL_RULES, {**RULE, "atLeast": choice([2, 3]), **version})

    async def signed(self) -> None:
        """Contracts and plan lines are put right, courses were completed."""
        start, end = (self.at - 300 * DAY).date(), self.at.date()
        terms = {"recorded_at": self.at, "end_on": end, "ended_on": end, "outcome": "lost"}
        account = self.random.choice([self.world.account, *self.others])
        await contract(self.world.db, self.world.tenant, account, start, **terms, seats=99)
        ended = self.random.choice([None, self.at - 100 * DAY])
        await self.world.plan("enterprise", 60, recorded=self.at, ended_at=ended)
        await self.world.trained("ann", self.at - 100 * DAY, self.at)

    async def account(self) -> None:
        """It should have more users, or is a test account."""
        await self.world.tell(
            "accounts", "AccountChanged", name="Acme", external_ids=[],
            intended_users=self.random.choice([None, 1, 100]),
            internal=self.random.choice([True, False]), recorded_at=self.at,
        )  # fmt: skip

    async def measured(self) -> None:
        """Everybody is compared anew."""
        async with self.world.db.write(self.world.tenant) as conn:
            await signals_actions.measure(conn, [self.world.account, *self.others], self.at)


CHANGES = [
    Later.late, Later.doubled, Later.corrected, Later.people, Later.catalogue, Later.plans,
    Later.signed, Later.account, Later.measured,
]  # fmt: skip
KNOWN_LATER = CHANGES[:-1]
"""Less the measuring: where nobody was measured, accounts are looked at, and stand as well."""
LAGS = [timedelta(microseconds=1), timedelta(seconds=1), timedelta(hours=5), DAY, 40 * DAY]
CHANGED = st.lists(
    st.tuples(st.sampled_from(CHANGES), st.sampled_from(LAGS), st.integers(0, 10_000)),
    min_size=4,
    max_size=12,
)


async def settled(db: Database, zone: str, used: Sequence[Use], moment: datetime) -> World:
    """An account whose days are those of the zone, with what was known of it at the moment."""
    tenant = uuid4()
    world = World(db, tenant, await named(db, tenant, uuid4()))
    caller = Principal(tenant, "loader", SCOPES, zone)
    await send(db, caller, [event(world.account, occurredAt=moment - 400 * DAY)])
    await described(world, moment - 60 * DAY)
    await send(db, caller, [use.row(world.account) for use in used if use.recorded <= moment])
    return world


async def beside(world: World, used: Sequence[Use], moment: datetime) -> list[UUID]:
    """Nine others, to compare it with, all under contract."""
    others = [await named(world.db, world.tenant, uuid4()) for _ in range(9)]
    for key in (world.account, *others):
        await contract(world.db, world.tenant, key, date(2025, 6, 1))
    early = [use for use in used if use.recorded <= moment]
    rows = [use.row(key) for use in early[:9] for key in others]
    unique = [{**row, "id": f"{row['id']}-{row['accountId']}"} for row in rows]
    await send(world.db, world.loader, unique)
    return others


# An example is hundreds of statements: no shrinking.
@settings(max_examples=16, phases=[Phase.generate])
@given(
    used=uses(),
    moment=MOMENTS,
    zone=st.sampled_from(ZONES),
    changes=CHANGED,
    is_measured=st.booleans(),
)
async def test_nothing_recorded_later_changes_any_signal(
    db: Database,
    used: list[Use],
    moment: datetime,
    zone: str,
    changes: list[tuple[Callable[[Later], Awaitable[None]], timedelta, int]],
    *,
    is_measured: bool,
) -> None:
    world = await settled(db, zone, used, moment)
    others = await beside(world, used, moment)
    if is_measured:
        async with db.write(world.tenant) as conn:
            await signals_actions.measure(conn, [world.account, *others], moment - 3 * DAY)

    before = await answers(world, others, moment)
    for change, lag, seed in changes:
        await change(Later(world, others, used, moment + lag, Random(seed)))  # noqa: S311
    after = await answers(world, others, moment)
    for name, answer in before.items():
        assert after[name] == answer, name


async def test_u16_peers_are_looked_at_before_the_moment_where_midnight_comes_twice(
    db: Database,
) -> None:
    """The second midnight is an hour after the moment; what comes between is not known yet."""
    used = [
        Use(str(n), "ann", "reports", AUTUMN - n * DAY, AUTUMN - n * DAY, 1.0) for n in range(9)
    ]
    world = await settled(db, "America/Havana", used, AUTUMN)
    others = await beside(world, used, AUTUMN)
    before = await answers(world, others, AUTUMN)
    for seed in range(8):
        at = AUTUMN + timedelta(minutes=seed + 1)
        await Later(world, others, used, at, Random(seed)).catalogue()  # noqa: S311
        await Later(world, others, used, at, Random(seed)).account()  # noqa: S311
    after = await answers(world, others, AUTUMN)
    assert after == before


@pytest.mark.parametrize("change", KNOWN_LATER, ids=lambda change: change.__name__)
async def test_what_is_recorded_later_is_known_later(
    db: Database, change: Callable[[Later], Awaitable[None]]
) -> None:
    """The changes above do change answers: about moments from then on."""
    used = [
        Use(str(n), "ann", "reports", AUTUMN - n * DAY, AUTUMN - n * DAY, 1.0) for n in range(40)
    ]
    world = await settled(db, "UTC", used, AUTUMN)
    others = await beside(world, used, AUTUMN)
    about = AUTUMN + 41 * DAY
    before = await answers(world, others, about)
    for seed in range(4):
        at = AUTUMN + 40 * DAY + timedelta(seconds=seed)
        await change(Later(world, others, used, at, Random(seed)))  # noqa: S311
    after = await answers(world, others, about)
    said_twice = change in (Later.doubled, Later.corrected)
    assert (after == before) is said_twice
