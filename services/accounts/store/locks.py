"""What a transaction keeps to itself until it ends. Locked before any table of versions."""

from collections.abc import Iterable

from services.accounts.domain.accounts import ExternalId
from shared.intake.versioned import lock_ids
from shared.platform.db import Conn


async def lock_names(conn: Conn, names: Iterable[ExternalId]) -> None:
    """Nobody else gives these names to an account: what they mean stays true."""
    keys = [f"{name.source}\n{name.external_id}" for name in names]
    await lock_ids(conn, "accounts.external_id", keys)
