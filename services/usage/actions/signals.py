"""Measure where accounts stand, so that others can be compared with them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.usage.store import signals as signals_store
from shared.platform.db import Conn

MEASURE_EVERY_S = 7 * 86_400.0


async def measure(conn: Conn, account_ids: Sequence[UUID], now: datetime) -> None:
    """Note where accounts stood at the last midnight; known from now on, so nothing old changes."""
    midnight = await signals_store.midnight(conn, now)
    adoptions = await signals_store.adoption(conn, list(account_ids), midnight)
    await signals_store.add_standings(conn, list(adoptions.values()), midnight, now)
