"""Take plan lines."""

from typing import Any

from services.billing.actions.changes import taking
from services.billing.domain.subscriptions import Subscription
from services.billing.rows import SubscriptionRow
from services.billing.store import subscriptions, tables
from shared.intake.rows import BulkRoute, take_one
from shared.platform.auth import Principal
from shared.platform.db import Conn

SUBSCRIPTIONS = BulkRoute("subscriptions", SubscriptionRow, taking(tables.SUBSCRIPTION))


async def subscription_upsert(
    conn: Conn, row: dict[str, Any], principal: Principal
) -> Subscription:
    """One plan line, taken as the bulk route takes it."""
    row_id = await take_one(conn, principal, SUBSCRIPTIONS, row)
    return (await subscriptions.subscriptions(conn, [row_id]))[row_id]
