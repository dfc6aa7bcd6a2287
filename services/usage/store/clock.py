"""When is now, and how far back single events go."""

from datetime import datetime

from services.usage.domain.clock import Clock
from shared.platform.db import Conn, to
from shared.vocabulary.errors import InvalidInput

CLOCK = """
SELECT as_of, zone, today, midnight,
       (SELECT nullif(raw_since, '-infinity') FROM usage.retention) AS raw_since,
       (today - 28)::timestamp AT TIME ZONE zone AS since_28,
       (today - 180)::timestamp AT TIME ZONE zone AS since_180
FROM usage.clock($1)
"""


def check_zone(as_of: datetime | None) -> None:
    """InvalidInput for a moment that does not say in which zone it is."""
    if as_of is not None and as_of.tzinfo is None:
        raise InvalidInput("asOf", as_of.isoformat(), "a moment with a time zone")


async def clock(conn: Conn, as_of: datetime | None) -> Clock:
    """The moment asked about, or now, in the days of the tenant."""
    check_zone(as_of)
    row = await conn.fetchrow(CLOCK, as_of)
    if row is None:
        raise LookupError("a query without FROM gives a row")
    return to(Clock, row)
