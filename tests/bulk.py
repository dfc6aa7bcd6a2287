"""Rows as the bulk routes take them."""

from typing import Any

import msgspec

from shared.intake.rows import BulkRoute, Receipt, receive
from shared.platform.auth import Principal
from shared.platform.db import Database


async def send(
    db: Database, principal: Principal, kind: BulkRoute, *rows: dict[str, Any]
) -> list[Receipt]:
    """One batch in its own transaction."""
    async with db.write(principal.tenant_id) as conn:
        return await receive(conn, principal, kind, msgspec.json.encode(rows))
