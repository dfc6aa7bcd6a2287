"""Every query on the usage schema."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.usage.domain import (
    Address,
    ContractChanged,
    Counts,
    Event,
    ExternalId,
    Stored,
    UsageSummary,
    Waiting,
)
from shared import paging
from shared.db import Conn, Row, to
from shared.errors import InvalidInput
from shared.landmark import FeatureRow, Landmark
from shared.paging import Page

PUT_ASIDE = (Path(__file__).parent / "put_aside.sql").read_text()
RECORD = (Path(__file__).parent / "record.sql").read_text()
FEATURES = (Path(__file__).parent / "features.sql").read_text()
SUMMARY = (Path(__file__).parent / "summary.sql").read_text()


async def summary(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, UsageSummary]:
    """How each account uses the product, as known at `as_of` or now; those without events too."""
    if as_of is not None and as_of.tzinfo is None:
        raise InvalidInput("asOf", as_of.isoformat(), "a moment with a time zone")
    rows = await conn.fetch(SUMMARY, account_ids, as_of)
    return {row["account_id"]: to(Counts, row).summary() for row in rows}


async def features(conn: Conn, landmarks: list[Landmark]) -> list[FeatureRow]:
    """What use tells the model, one row per landmark in order; only what was recorded before it."""
    rows = await conn.fetch(
        FEATURES, [mark.account_id for mark in landmarks], [mark.as_of for mark in landmarks]
    )
    return [dict(row) for row in rows]


async def pending(conn: Conn, first: int = 25, after: str | None = None) -> Page[Waiting]:
    """Events whose account is not known here yet, oldest first."""
    most = paging.size(first)
    place = paging.key(after, datetime, bytes) if after else (None, None)
    rows = await conn.fetch(
        "SELECT key, event_id, account_id, external_source, external_id, feature, occurred_at,"
        " received_at FROM usage.pending_event"
        " WHERE $1::timestamptz IS NULL OR (received_at, key) > ($1, $2::bytea)"
        " ORDER BY received_at, key LIMIT $3",
        *place,
        most + 1,
    )
    cursors = [paging.cursor(row["received_at"], row["key"]) for row in rows]
    return paging.page([to(Waiting, row) for row in rows], most, cursors)


# Ingest


async def time_zone(conn: Conn, proposed: str) -> str:
    """In whose days the tenant's use is counted: what the first event was counted in."""
    zone: str | None = await conn.fetchval("SELECT time_zone FROM usage.calendar")
    if zone is not None:
        return zone
    await conn.execute(
        "INSERT INTO usage.calendar (tenant_id, time_zone)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1) ON CONFLICT DO NOTHING",
        proposed,
    )
    zone = await conn.fetchval("SELECT time_zone FROM usage.calendar")
    return zone or proposed


async def hold_accounts(conn: Conn) -> None:
    """Until this transaction ends no account becomes known; many may hold at a time.

    Without it an event could be put aside as pending at the very moment its account becomes known.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared("
        "hashtextextended('usage:' || current_setting('tenure.tenant'), 0))"
    )


async def change_accounts(conn: Conn) -> None:
    """Until this transaction ends no events of the tenant arrive."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('usage:' || current_setting('tenure.tenant'), 0))"
    )


async def known(conn: Conn, addresses: Sequence[Address]) -> dict[Address, UUID]:
    """The accounts behind addresses; unknown ones are absent."""
    ids = {address.account_id for address in addresses if address.account_id is not None}
    externals = {address.external for address in addresses if address.external is not None}
    found: dict[Address, UUID] = {}
    if ids:
        rows = await conn.fetch(
            "SELECT account_id FROM usage.known_account WHERE account_id = ANY ($1)", list(ids)
        )
        found |= {Address(account_id=row["account_id"]): row["account_id"] for row in rows}
    if externals:
        rows = await conn.fetch(
            "SELECT source, external_id, account_id FROM usage.known_external"
            " JOIN unnest($1::text[], $2::text[]) AS asked(source, external_id)"
            " USING (source, external_id)",
            [external.source for external in externals],
            [external.id for external in externals],
        )
        for row in rows:
            external = ExternalId(row["source"], row["external_id"])
            found[Address(external=external)] = row["account_id"]
    return found


async def record(
    conn: Conn, zone: str, events: Sequence[Event], accounts: Mapping[Address, UUID]
) -> set[bytes]:
    """Keep events and add them to their days; the keys that were new."""
    ordered = sorted(events, key=lambda event: event.key)
    rows = await conn.fetch(
        RECORD,
        [event.key for event in ordered],
        [accounts[event.address] for event in ordered],
        [event.occurred_at for event in ordered],
        [event.recorded_at for event in ordered],
        [event.quantity for event in ordered],
        [event.body for event in ordered],
        [event.feature for event in ordered],
        [event.member for event in ordered],
        [event.properties for event in ordered],
        zone,
    )
    return {row["key"] for row in rows}


async def put_aside(conn: Conn, events: Sequence[Event]) -> set[bytes]:
    """Keep events of unknown accounts; the keys that were new."""
    ordered = sorted(events, key=lambda event: event.key)
    externals = [event.address.external for event in ordered]
    rows = await conn.fetch(
        PUT_ASIDE,
        [event.key for event in ordered],
        [event.recorded_at for event in ordered],
        [event.address.account_id for event in ordered],
        [external and external.source for external in externals],
        [external and external.id for external in externals],
        [event.occurred_at for event in ordered],
        [event.quantity for event in ordered],
        [event.body for event in ordered],
        [event.event_id for event in ordered],
        [event.feature for event in ordered],
        [event.member for event in ordered],
        [event.properties for event in ordered],
    )
    return {row["key"] for row in rows}


async def stored(conn: Conn, keys: Sequence[bytes]) -> dict[bytes, Stored]:
    """What is kept under these keys; an event that counts before one that waits."""
    rows = await conn.fetch(
        "SELECT key, body, account_id, NULL AS external_source, NULL AS external_id,"
        " false AS is_pending FROM usage.event WHERE key = ANY ($1)"
        " UNION ALL"
        " SELECT key, body, account_id, external_source, external_id, true"
        " FROM usage.pending_event WHERE key = ANY ($1)"
        " ORDER BY is_pending DESC",
        list(keys),
    )
    return {row["key"]: Stored(_address(row), row["body"], row["is_pending"]) for row in rows}


def _address(row: Row) -> Address:
    if row["external_source"] is None:
        return Address(account_id=row["account_id"])
    return Address(external=ExternalId(row["external_source"], row["external_id"]))


# What accounts tell


async def add_account(conn: Conn, account_id: UUID, externals: Sequence[ExternalId]) -> None:
    """From now on events may name this account."""
    await conn.execute(
        "INSERT INTO usage.known_account (tenant_id, account_id)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1) ON CONFLICT DO NOTHING",
        account_id,
    )
    await conn.execute(
        "INSERT INTO usage.known_external (tenant_id, source, external_id, account_id)"
        " SELECT current_setting('tenure.tenant')::uuid, source, external_id, $1"
        " FROM unnest($2::text[], $3::text[]) AS named(source, external_id)"
        " ORDER BY 2, 3 ON CONFLICT (tenant_id, source, external_id)"
        " DO UPDATE SET account_id = EXCLUDED.account_id",
        account_id,
        [external.source for external in externals],
        [external.id for external in externals],
    )


async def take_pending(
    conn: Conn, account_id: UUID, externals: Sequence[ExternalId]
) -> list[Event]:
    """Remove and give the events that waited for this account.

    Those without a history of their own become known now: no older answer may change.
    """
    rows = await conn.fetch(
        "DELETE FROM usage.pending_event"
        " WHERE account_id = $1 OR (external_source, external_id) IN"
        " (SELECT * FROM unnest($2::text[], $3::text[]))"
        " RETURNING key, account_id, external_source, external_id, occurred_at,"
        " coalesce(known_at, clock_timestamp()) AS recorded_at, quantity, body, feature, member,"
        " properties::text AS properties, event_id",
        account_id,
        [external.source for external in externals],
        [external.id for external in externals],
    )
    return [_waited(row) for row in rows]


def _waited(row: Row) -> Event:
    return Event(
        key=row["key"],
        address=_address(row),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        quantity=row["quantity"],
        body=row["body"],
        feature=row["feature"],
        member=row["member"],
        properties=row["properties"],
        event_id=row["event_id"],
    )


async def add_contract(conn: Conn, contract: ContractChanged, recorded_at: datetime) -> None:
    """A new version of what a contract gives, and until when."""
    await conn.execute(
        "INSERT INTO usage.purchased"
        " (tenant_id, account_id, contract_id, recorded_at, seats, start_on, end_on)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1, $2, $3, $4, $5, $6)"
        " ON CONFLICT DO NOTHING",
        contract.account_id,
        contract.contract_id,
        recorded_at,
        contract.seats,
        contract.start_on,
        contract.ended_on,
    )
