"""With whom accounts are compared: as all were measured last, or a few looked at now."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain.peers import (
    AGE_BANDS_FROM,
    LOWEST_QUARTER,
    MEDIAN,
    Cell,
    Ordered,
    PeerGroups,
    Standing,
    age_band,
)
from services.usage.domain.signals import Adoption
from shared.platform.db import Conn, Row, to

HERE = Path(__file__).parent
PEERS = (HERE / "peers.sql").read_text()
STANDINGS = (HERE / "standings.sql").read_text()
SAMPLE = (HERE / "sample.sql").read_text()
MAX_SAMPLE = 40
"""Accounts of an age that are looked at while nobody was measured."""


async def peer_groups(conn: Conn, asking: Sequence[Adoption], as_of: datetime | None) -> PeerGroups:
    """Everyone of the ages of those who ask, as last measured."""
    ages = {age_band(each.seats.contract_age_months) for each in asking} - {None}
    if not ages:
        return PeerGroups([], [])
    cells = await conn.fetch(PEERS, as_of, list(ages), MEDIAN, LOWEST_QUARTER)
    own = await conn.fetch(STANDINGS, as_of, [each.account_id for each in asking])
    return PeerGroups([_cell(row) for row in cells], [to(Standing, row) for row in own])


def _cell(row: Row) -> Cell:
    return Cell(
        row["age_band"],
        row["plan"],
        row["is_any"],
        row["accounts"],
        Ordered(row["actives"], row["active"] or []),
        Ordered(row["breadths"], row["breadth"] or []),
        Ordered(row["depths"], row["depth"] or []),
    )


async def sample(conn: Conn, ages: Sequence[int], as_of: datetime | None) -> list[UUID]:
    """A few customers of these ages, always the same."""
    rows = await conn.fetch(SAMPLE, as_of, list(ages), list(AGE_BANDS_FROM), MAX_SAMPLE)
    return [row["account_id"] for row in rows]
