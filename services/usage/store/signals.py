"""Signals of adoption, by account."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.peers import SignalsWithPeers, Standing, standing
from services.usage.domain.signals import Adoption, AdoptionCounts
from services.usage.store import peers
from services.usage.store.clock import check_zone, clock
from shared.platform.db import Conn, to

SIGNALS = (Path(__file__).parent / "signals.sql").read_text()


async def signals(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, SignalsWithPeers]:
    """Every account asked for, as known at `as_of` or now, with those it is compared with."""
    by_account = await adoption(conn, account_ids, as_of)
    groups = await peers.peer_groups(conn, list(by_account.values()), as_of)
    lacking = {groups.lacks(own) for own in by_account.values()}
    ages = [age for age in lacking if age is not None]
    if ages:
        groups = groups.beside(await _sample(conn, ages, as_of))
    return {key: groups.of(own) for key, own in by_account.items()}


async def _sample(conn: Conn, ages: Sequence[int], as_of: datetime | None) -> list[Standing]:
    """Where a few accounts of these ages stood at the midnight before, for nobody was measured."""
    sample = await peers.sample(conn, ages, as_of)
    by_account = await adoption(conn, sample, (await clock(conn, as_of)).back(0))
    standings = [standing(each) for each in by_account.values()]
    return [each for each in standings if each is not None and each.age_band in ages]


async def adoption(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Adoption]:
    """What can be said of each account alone."""
    check_zone(as_of)
    rows = await conn.fetch(SIGNALS, list(set(account_ids)), as_of)
    return {row["account_id"]: to(AdoptionCounts, row).adoption() for row in rows}


async def midnight(conn: Conn, at: datetime) -> datetime:
    """When the tenant's day of that moment began."""
    opening: datetime = await conn.fetchval("SELECT midnight FROM usage.clock($1)", at)
    return opening


async def add_standings(
    conn: Conn, adoptions: Sequence[Adoption], at: datetime, recorded_at: datetime
) -> None:
    """Where accounts under contract stood at a midnight; the first measure of a day stands."""
    by_account = {each.account_id: standing(each) for each in adoptions}
    customers = await conn.fetch(
        "SELECT usage.customers($1, $2) AS key", list(by_account), recorded_at
    )
    standings = [each for row in customers if (each := by_account[row["key"]]) is not None]
    await conn.execute(
        "INSERT INTO usage.standing"
        " (measured_on, recorded_at, account_id, age_band, plan, active, breadth, depth)"
        " SELECT (SELECT today FROM usage.clock($1)), $2, *"
        " FROM jsonb_to_recordset($3) AS s(account_id uuid, age_band int, plan text,"
        " active numeric, breadth float8, depth float8) ON CONFLICT DO NOTHING",
        at,
        recorded_at,
        standings,
    )
