"""Segment's messages: who belongs where, and what was used."""

from datetime import datetime
from typing import TypeAlias

from services.usage.actions.ingest import save_rejected, take_good
from services.usage.actions.pending import release
from services.usage.domain.events import Address, Event, ExternalId
from services.usage.domain.people import People
from services.usage.domain.segment import (
    USER,
    SegmentRequest,
    learn,
    names,
    usage,
    waits,
    with_group,
)
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import locks
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
        await _settle(conn, people)
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
        NumberedRow(each.number, with_group(each.row, group or people.first_group_of(name)))
        for each, name, group in uses
    ]
    return people, events, rejections


async def _settle(conn: Conn, people: People) -> None:
    """Write who is who and where they belong; what waited for that goes on."""
    await work.mark(conn, ANNOUNCE, await people_store.take_over(conn, people.aliases))
    await people_store.join_groups(conn, people.new_groups)
    names = await people_store.waiting_names(conn, people.members_of_groups)
    await release(conn, [Address(external=ExternalId(USER, name)) for name in names])
