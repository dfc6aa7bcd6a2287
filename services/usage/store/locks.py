"""What a transaction keeps to itself until it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.usage.domain.events import Address
from services.usage.domain.late import LatePolicy
from shared.platform.db import Conn, to


async def lock_accounts(conn: Conn) -> None:
    """Until this transaction ends no events of the tenant arrive, so that accounts and their names
    may become known: none is put aside at the very moment its account is."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('usage:' || current_setting('tenure.tenant'), 0))"
    )


async def lock_accounts_shared(conn: Conn) -> None:
    """Until this transaction ends no account becomes known and nobody joins a group; many
    transactions may have this lock at the same time."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared("
        "hashtextextended('usage:' || current_setting('tenure.tenant'), 0))"
    )


@dataclass(frozen=True, slots=True)
class IngestContext:
    """What events are judged and counted by: the tenant's zone, once it has one, its late policy,
    and the accounts behind addresses; unknown ones are absent."""

    zone: str | None
    policy: LatePolicy
    accounts: dict[Address, UUID]


async def lock_ingest_context(conn: Conn, addresses: Sequence[Address]) -> IngestContext:
    """The same shared lock and, in one statement with it, all that events need."""
    ids = [each.account_id for each in addresses if each.account_id is not None]
    externals = [each.external for each in addresses if each.external is not None]
    row = await conn.fetchrow(
        "SELECT * FROM hold_accounts($1, $2, $3)",
        ids,
        [external.source for external in externals],
        [external.id for external in externals],
    )
    if row is None:
        raise LookupError("hold_accounts gives a row")
    names = [Address(account_id=each) for each in ids]
    names += [Address(external=each) for each in externals]
    keys = [*row["by_id"], *row["by_external"]]
    accounts = {address: key for address, key in zip(names, keys, strict=True) if key is not None}
    return IngestContext(row["time_zone"], to(LatePolicy, row), accounts)
