"""Rows as the bulk routes take them."""

from typing import Any

import msgspec

from shared import ingest
from shared.auth import Principal
from shared.db import Database
from shared.ingest import Kind, Receipt


async def send(
    db: Database, principal: Principal, kind: Kind, *rows: dict[str, Any]
) -> list[Receipt]:
    """One batch in its own transaction."""
    async with db.write(principal.tenant_id) as conn:
        return await ingest.receive(conn, principal, kind, msgspec.json.encode(rows))
