"""Events in: counted in their days or put aside, a receipt for each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.usage.domain import pending as pending_domain
from services.usage.domain import rejections as rejections_domain
from services.usage.domain.events import Address, Event, EventRow, event, receipt
from services.usage.domain.facts import UsageRecorded
from services.usage.domain.late import LatePolicy
from services.usage.domain.work_lists import ANNOUNCE, FORGET
from services.usage.store import ingest as ingest_store
from services.usage.store import locks
from services.usage.store import pending as pending_store
from services.usage.store import rejections as rejections_store
from shared.intake.rows import NumberedRow, Receipt, rejection
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts, work
from shared.vocabulary.errors import Conflict, InvalidInput
from shared.vocabulary.time_zone import check_time_zone

FORGET_EVERY_S = 3_600.0


async def take_events(
    conn: Conn, principal: Principal, rows: list[NumberedRow[EventRow]]
) -> list[Receipt]:
    """Keep events, count them in their days and mark their accounts; a receipt per row."""
    good, receipts = _check(rows)
    return receipts + await take_good(conn, principal, good)


async def take_good(
    conn: Conn, principal: Principal, good: list[NumberedRow[Event]]
) -> list[Receipt]:
    """The same for events that meet every rule."""
    addresses = list({each.row.address for each in good})
    context = await locks.lock_ingest_context(conn, addresses)
    policy, accounts = context.policy, context.accounts
    zone = context.zone or await ingest_store.time_zone(conn, principal.time_zone)
    good, receipts = await _in_time(conn, policy, good)
    good, too_many = await _with_room(conn, good, accounts)
    receipts += too_many
    firsts = {each.row.key: each.row for each in reversed(good)}
    countable = [event for event in firsts.values() if event.address in accounts]
    new = await count(conn, zone, countable, accounts)
    new |= await _put_aside(
        conn, [event for event in firsts.values() if event.address not in accounts]
    )
    return receipts + await _receipts(conn, policy, good, firsts, new, accounts)


async def save_rejected(conn: Conn, principal: Principal, receipts: Sequence[Receipt]) -> None:
    """Rows that were turned away can be listed for a while."""
    rejections = [rejections_domain.rejection(receipt) for receipt in receipts]
    await rejections_store.add_rejections(conn, rejections)
    await work.mark(conn, FORGET, [principal.tenant_id], delay_s=FORGET_EVERY_S)


async def _in_time(
    conn: Conn, policy: LatePolicy, good: list[NumberedRow[Event]]
) -> tuple[list[NumberedRow[Event]], list[Receipt]]:
    """Turn late events away where the tenant wants that; one that was taken in time stays taken."""
    late = {each.row.key for each in good if policy.refuses(each.row)}
    if not late:
        return good, []
    late -= (await ingest_store.stored_events(conn, list(late))).keys()
    return _turn_away(good, late, policy.refusal)


async def _with_room(
    conn: Conn, good: list[NumberedRow[Event]], accounts: Mapping[Address, UUID]
) -> tuple[list[NumberedRow[Event]], list[Receipt]]:
    """Turn events away that nobody could count, once very many wait; those that wait, wait on."""
    keys = dict.fromkeys(each.row.key for each in good if each.row.address not in accounts)
    if not keys:
        return good, []
    room = pending_domain.MAX_PENDING - await pending_store.waiting_events(conn)
    if len(keys) <= room:
        return good, []
    stored = await ingest_store.stored_events(conn, list(keys))
    new = [key for key in keys if key not in stored]
    return _turn_away(good, set(new[max(room, 0) :]), pending_domain.refusal)


def _turn_away(
    good: list[NumberedRow[Event]], keys: set[bytes], why: Callable[[Event], InvalidInput]
) -> tuple[list[NumberedRow[Event]], list[Receipt]]:
    return [each for each in good if each.row.key not in keys], [
        rejection(each.number, why(each.row), each.row.event_id)
        for each in good
        if each.row.key in keys
    ]


def _check(rows: list[NumberedRow[EventRow]]) -> tuple[list[NumberedRow[Event]], list[Receipt]]:
    good: list[NumberedRow[Event]] = []
    bad: list[Receipt] = []
    for numbered in rows:
        try:
            good.append(NumberedRow(numbered.number, event(numbered.row)))
        except InvalidInput as error:
            bad.append(rejection(numbered.number, error, numbered.row.id))
    return good, bad


async def count(
    conn: Conn, zone: str, events: Sequence[Event], accounts: dict[Address, UUID]
) -> set[bytes]:
    """Record events of known accounts and mark those that have news."""
    return await ingest_store.record(conn, zone, events, accounts, ANNOUNCE) if events else set()


async def _put_aside(conn: Conn, events: Sequence[Event]) -> set[bytes]:
    return await ingest_store.put_aside(conn, events) if events else set()


async def _receipts(
    conn: Conn,
    policy: LatePolicy,
    good: Sequence[NumberedRow[Event]],
    firsts: dict[bytes, Event],
    keys: set[bytes],
    accounts: dict[Address, UUID],
) -> list[Receipt]:
    """The first of each id that was new is accepted; all others are held against what is kept."""
    new = {key: event for key, event in firsts.items() if key in keys}
    repeats = [each.row.key for each in good if new.get(each.row.key) is not each.row]
    stored = await ingest_store.stored_events(conn, repeats) if repeats else {}
    receipts: list[Receipt] = []
    for number, row in ((each.number, each.row) for each in good):
        if new.get(row.key) is row:
            status = "accepted" if row.address in accounts else "pending"
        else:
            status = stored[row.key].status(row, accounts)
        if status == "accepted" and policy.is_late(row):
            receipts.append(receipt(number, row, "late", policy.remark))
        else:
            receipts.append(receipt(number, row, status))
    return receipts


async def announce(conn: Conn, account_ids: Sequence[UUID], through: datetime) -> None:
    """Say once per account, in account order, that new events count."""
    await facts.emit_all(conn, [(key, UsageRecorded(key, through)) for key in account_ids])


async def forget(conn: Conn, principal: Principal) -> None:
    """Rejected rows are kept for a while, then no more; comes again as long as there are any."""
    left = await rejections_store.forget_rejections(conn)
    if left:
        delay_s = FORGET_EVERY_S if left <= rejections_domain.MAX_KEPT else 0
        await work.mark(conn, FORGET, [principal.tenant_id], delay_s=delay_s)


async def set_late_policy(
    conn: Conn, rejects: bool, after_days: int, principal: Principal
) -> LatePolicy:
    """Decide what becomes of events told late, from now on."""
    policy = LatePolicy(rejects, after_days)
    policy.check()
    await ingest_store.set_late_policy(conn, policy, principal.subject)
    return await ingest_store.late_policy(conn)


async def time_zone_set(conn: Conn, time_zone: str) -> str:
    """Count the tenant's use in days of that zone; Conflict once it is counted in others."""
    zone = await ingest_store.set_time_zone(conn, check_time_zone(time_zone))
    if zone != time_zone:
        raise Conflict(
            f"the tenant's use is counted in days of {zone} since its first event; "
            "a day that was counted once cannot be cut anew"
        )
    return zone
