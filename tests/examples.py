"""What tests of every part start from: rows as the bulk routes take them, signals as numbers."""

from pathlib import Path
from typing import Any

import msgspec

from shared.intake.rows import BulkRoute, Receipt, receive
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process.rpc import Rpc
from shared.process.worker import WorkerContext
from shared.vocabulary.landmark import FeatureRow


async def send(
    db: Database, principal: Principal, kind: BulkRoute, *rows: dict[str, Any]
) -> list[Receipt]:
    """One batch in its own transaction."""
    async with db.write(principal.tenant_id) as conn:
        return await receive(conn, principal, kind, msgspec.json.encode(rows))


def number(row: FeatureRow, name: str) -> float:
    """The value of a signal; 0 where it is not known."""
    value = row[name]
    assert value is None or isinstance(value, int | float), (name, value)
    return float(value or 0)


NOWHERE = Settings(Path(), Path(), b"no secret")


def worker_context(db: Database) -> WorkerContext:
    return WorkerContext(NOWHERE, db, Rpc(NOWHERE))
