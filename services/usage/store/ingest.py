"""Events as they come in: counted in their days, or put aside until their account is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from uuid import UUID

from services.usage.domain.events import Address, Event, ExternalId, StoredEvent
from services.usage.domain.late import LatePolicy
from services.usage.store.locks import lock_accounts
from shared.platform import telemetry
from shared.platform.db import Conn, Row, to
from shared.process.work import WorkList

PUT_ASIDE = (Path(__file__).parent / "put_aside.sql").read_text()


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


async def set_time_zone(conn: Conn, zone: str) -> str:
    """The zone of the tenant's days from now on: the one given, unless use was counted before."""
    await lock_accounts(conn)
    await conn.execute(
        "INSERT INTO usage.calendar (tenant_id, time_zone)"
        " VALUES (current_setting('tenure.tenant')::uuid, $1)"
        " ON CONFLICT (tenant_id) DO UPDATE SET time_zone = EXCLUDED.time_zone"
        " WHERE NOT EXISTS (SELECT FROM usage.daily)",
        zone,
    )
    return await time_zone(conn, zone)


async def late_policy(conn: Conn, as_of: datetime | None = None) -> LatePolicy:
    """What becomes of late events; as it was decided until `as_of`, or now."""
    row = await conn.fetchrow(
        "SELECT rejects, after_days, recorded_at FROM usage.late_policy"
        " WHERE $1::timestamptz IS NULL OR recorded_at <= $1 ORDER BY recorded_at DESC LIMIT 1",
        as_of,
    )
    return to(LatePolicy, row) if row else LatePolicy()


async def set_late_policy(conn: Conn, policy: LatePolicy, subject: str) -> None:
    """A new version; what was taken before stays as it is."""
    await conn.execute(
        "INSERT INTO usage.late_policy (tenant_id, recorded_at, rejects, after_days, set_by)"
        " VALUES (current_setting('tenure.tenant')::uuid, clock_timestamp(), $1, $2, $3)",
        policy.rejects,
        policy.after_days,
        subject,
    )


async def accounts_of(conn: Conn, addresses: Sequence[Address]) -> dict[Address, UUID]:
    """The accounts behind addresses; unknown ones are absent."""
    ids = {address.account_id for address in addresses if address.account_id is not None}
    externals = {address.external for address in addresses if address.external is not None}
    accounts: dict[Address, UUID] = {}
    if ids:
        rows = await conn.fetch(
            "SELECT account_id FROM usage.known_account WHERE account_id = ANY ($1)", list(ids)
        )
        accounts |= {Address(account_id=row["account_id"]): row["account_id"] for row in rows}
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
            accounts[Address(external=external)] = row["account_id"]
    return accounts


async def record(
    conn: Conn, zone: str, events: Sequence[Event], accounts: Mapping[Address, UUID], news: WorkList
) -> set[bytes]:
    """Keep events, add them to their days and mark their accounts on the list `news`; the keys
    that were new."""
    ordered = sorted(events, key=attrgetter("key"))
    keys: list[bytes] | None = await conn.fetchval(
        "SELECT keep_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
        news.name,
        telemetry.traceparent(),
    )
    return set(keys or ())


async def put_aside(conn: Conn, events: Sequence[Event]) -> set[bytes]:
    """Keep events of unknown accounts; the keys that were new."""
    ordered = sorted(events, key=attrgetter("key"))
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


async def stored_events(conn: Conn, keys: Sequence[bytes]) -> dict[bytes, StoredEvent]:
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
    return {
        row["key"]: StoredEvent(address_of(row), row["body"], row["is_pending"]) for row in rows
    }


def address_of(row: Row) -> Address:
    """What a kept row says of its account."""
    if row["external_source"] is None:
        return Address(account_id=row["account_id"])
    return Address(external=ExternalId(row["external_source"], row["external_id"]))
