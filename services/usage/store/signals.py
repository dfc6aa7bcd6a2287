"""Signals of adoption, by account."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.peers import Seen, Standing, standing
from services.usage.domain.signals import Adoption, Counted
from services.usage.store import peers
from services.usage.store.clock import clock
from shared.platform.db import Conn, to
from shared.vocabulary.errors import InvalidInput

SIGNALS = (Path(__file__).parent / "signals.sql").read_text()


async def signals(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Seen]:
    """Every account asked for, as known at `as_of` or now, with those it is compared with."""
    found = await adoption(conn, account_ids, as_of)
    compared = await peers.compared(conn, list(found.values()), as_of)
    lacking = {compared.lacks(own) for own in found.values()}
    ages = [age for age in lacking if age is not None]
    if ages:
        compared = compared.beside(await _looked_at(conn, ages, as_of))
    return {key: compared.of(own) for key, own in found.items()}


async def _looked_at(conn: Conn, ages: Sequence[int], as_of: datetime | None) -> list[Standing]:
    """Where a few accounts of these ages stood at the midnight before, for nobody was measured."""
    sample = await peers.sample(conn, ages, as_of)
    measured = await adoption(conn, sample, (await clock(conn, as_of)).back(0))
    found = [standing(each) for each in measured.values()]
    return [each for each in found if each is not None and each.age_band in ages]


async def adoption(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Adoption]:
    """What can be said of each account alone."""
    if as_of is not None and as_of.tzinfo is None:
        raise InvalidInput("asOf", as_of.isoformat(), "a moment with a time zone")
    rows = await conn.fetch(SIGNALS, list(set(account_ids)), as_of)
    return {row["account_id"]: to(Counted, row).adoption() for row in rows}


async def midnight(conn: Conn, at: datetime) -> datetime:
    """When the tenant's day of that moment began."""
    began: datetime = await conn.fetchval("SELECT midnight FROM usage.clock($1)", at)
    return began


async def add_standings(
    conn: Conn, measured: Sequence[Adoption], at: datetime, recorded_at: datetime
) -> None:
    """Where accounts under contract stood at a midnight; the first measure of a day stands."""
    placed = {each.account_id: standing(each) for each in measured}
    customers = await conn.fetch("SELECT usage.customers($1, $2) AS key", list(placed), recorded_at)
    under = [each for row in customers if (each := placed[row["key"]]) is not None]
    await conn.execute(
        "INSERT INTO usage.standing"
        " (measured_on, recorded_at, account_id, age_band, plan, active, breadth, depth)"
        " SELECT (SELECT today FROM usage.clock($1)), $2, *"
        " FROM unnest($3::uuid[], $4::int[], $5::text[], $6::int[], $7::float8[], $8::float8[])"
        " ON CONFLICT DO NOTHING",
        at,
        recorded_at,
        [each.account_id for each in under],
        [each.age_band for each in under],
        [each.plan for each in under],
        [int(each.active) for each in under],
        [each.breadth for each in under],
        [each.depth for each in under],
    )
