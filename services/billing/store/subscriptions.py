"""Plan lines by id."""

from datetime import datetime

from services.billing.domain.subscriptions import Subscription
from shared.platform.db import Conn, Row, to
from shared.vocabulary.money import Money


async def subscriptions(
    conn: Conn, ids: list[str], as_of: datetime | None = None
) -> dict[str, Subscription]:
    """Plan lines as they were known; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) *,"
        " billing.mrr_cents(quantity, unit_price_cents, interval, discount_share) AS mrr"
        " FROM billing.subscription"
        " WHERE id = ANY ($1) AND ($2::timestamptz IS NULL OR recorded_at <= $2)"
        " ORDER BY id, recorded_at DESC",
        ids,
        as_of,
    )
    return {row["id"]: _subscription(row) for row in rows}


def _subscription(row: Row) -> Subscription:
    return to(
        Subscription,
        row,
        unit_price=Money(row["unit_price_cents"], row["currency"]),
        discount_share=float(row["discount_share"]),
        mrr=Money(row["mrr"], row["currency"]),
    )
