"""Segment's messages: who belongs where, and what was used."""

from datetime import datetime
from typing import TypeAlias

from services.usage.actions.ingest import count, save_rejected, take_good
from services.usage.domain.events import Address, Event, ExternalId
from services.usage.domain.people import People
from services.usage.domain.segment import (
    GROUP,
    SegmentRequest,
    learn,
    names,
    usage,
    waits,
    with_address,
)
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import directory, locks
from services.usage.store import ingest as ingest_store
from services.usage.store import people as people_store
from shared.intake.rows import NumberedRow, Receipt, rejection
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import work
from shared.vocabulary.errors import InvalidInput

Reading: TypeAlias = tuple[People, list[NumberedRow[Event]], list[Receipt]]
"""What messages change of who is who, the events among them, and the messages that are refused."""
USE = ("track", "page", "screen")


async def take_segment(
    conn: Conn, principal: Principal, received_at: datetime, request: SegmentRequest
) -> dict[str, bool]:
    """Carry out what an analytics library sent; as Segment does, bad messages are only listed."""
    people, events, rejections = await _read(conn, request, received_at)
    if people.is_changed:  # decided anew where nobody else can decide at the same time
        await locks.lock_accounts(conn)
        people, events, rejections = await _read(conn, request, received_at)
        await _settle(conn, principal, people)
    elif any(waits(each.row) for each in events):  # does it still wait where nobody can decide?
        await locks.lock_accounts_shared(conn)
        _, events, rejections = await _read(conn, request, received_at)
    receipts = await take_good(conn, principal, events) if events else []
    rejections += [each for each in receipts if each.status == "rejected"]
    if request.rejections or rejections:
        await save_rejected(conn, principal, [*request.rejections, *rejections])
    return {"success": True}


async def _read(conn: Conn, request: SegmentRequest, received_at: datetime) -> Reading:
    """Message by message, in order: who was where when it was said.

    Whoever was in no group yet is counted where they come to belong first.
    """
    people = People(await people_store.people(conn, names(request.messages)))
    uses: list[tuple[NumberedRow[Event], str, str | None]] = []
    rejections: list[Receipt] = []
    for each in request.messages:
        try:
            event = usage(each.row, received_at) if each.row.type in USE else None
            learn(each.row, people)
        except InvalidInput as error:
            rejections.append(rejection(each.number, error, each.row.message_id))
            continue
        if event is not None:
            name = each.row.members[0]
            group = each.row.group or people.group_of(name)
            uses.append((NumberedRow(each.number, event), name, group))
    events = [
        NumberedRow(
            each.number,
            with_address(each.row, group or people.first_group_of(name), people.person(name)),
        )
        for each, name, group in uses
    ]
    return people, events, rejections


async def _settle(conn: Conn, principal: Principal, people: People) -> None:
    """Write who is who and where they belong; what waited for that counts where it can."""
    await work.mark(conn, ANNOUNCE, await people_store.take_over(conn, people.aliases))
    await people_store.join_groups(conn, people.new_groups)
    groups = await people_store.settle(conn, people.destinations)
    accounts = await ingest_store.accounts_of(
        conn, [Address(external=ExternalId(GROUP, group)) for group in groups]
    )
    names = [each.external for each in accounts if each.external is not None]
    events = await directory.take_pending(conn, [], names)
    if events:
        zone = await ingest_store.time_zone(conn, principal.time_zone)
        await count(conn, zone, events, accounts)
