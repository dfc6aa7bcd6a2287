"""Segment's messages: who belongs where, and what was used."""

from datetime import datetime
from typing import TypeAlias

from services.usage.actions.ingest import count, keep_rejected, take_checked
from services.usage.domain.events import Address, Event, ExternalId
from services.usage.domain.people import People
from services.usage.domain.segment import GROUP, Sent, addressed, learn, names, usage, waits
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
USED = ("track", "page", "screen")


async def take_segment(
    conn: Conn, principal: Principal, received_at: datetime, sent: Sent
) -> dict[str, bool]:
    """Carry out what an analytics library sent; as Segment does, bad messages are only listed."""
    people, events, refused = await _read(conn, sent, received_at)
    if people.is_changed:  # decided anew where nobody else can decide at the same time
        await locks.lock_accounts(conn)
        people, events, refused = await _read(conn, sent, received_at)
        await _settle(conn, principal, people)
    elif any(waits(each.row) for each in events):  # does it still wait where nobody can decide?
        await locks.lock_accounts_shared(conn)
        _, events, refused = await _read(conn, sent, received_at)
    receipts = await take_checked(conn, principal, events) if events else []
    turned_away = [*sent.refused, *refused, *(each for each in receipts if _is_rejected(each))]
    if turned_away:
        await keep_rejected(conn, principal, turned_away)
    return {"success": True}


async def _read(conn: Conn, sent: Sent, received_at: datetime) -> Reading:
    """Message by message, in order: who was where when it was said.

    Whoever was in no group yet is counted where they come to belong first.
    """
    people = People(await people_store.people(conn, names(sent.messages)))
    used: list[tuple[NumberedRow[Event], str, str | None]] = []
    refused: list[Receipt] = []
    for each in sent.messages:
        try:
            event = usage(each.row, received_at) if each.row.type in USED else None
            learn(each.row, people)
        except InvalidInput as error:
            refused.append(rejection(each.number, error, each.row.message_id))
            continue
        if event is not None:
            name = each.row.members[0]
            group = each.row.group or people.group_of(name)
            used.append((NumberedRow(each.number, event), name, group))
    events = [
        NumberedRow(
            each.number,
            addressed(each.row, group or people.first_group_of(name), people.person(name)),
        )
        for each, name, group in used
    ]
    return people, events, refused


def _is_rejected(receipt: Receipt) -> bool:
    return receipt.status == "rejected"


async def _settle(conn: Conn, principal: Principal, people: People) -> None:
    """Write who is who and where they belong; what waited for that counts where it can."""
    concerned = await people_store.take_over(conn, people.taken)
    if concerned:
        await work.mark(conn, ANNOUNCE, concerned)
    await people_store.join_groups(conn, people.moved)
    groups = await people_store.settle(conn, people.settled)
    known = await ingest_store.known(
        conn, [Address(external=ExternalId(GROUP, group)) for group in groups]
    )
    names = [each.external for each in known if each.external is not None]
    waited = await directory.take_pending(conn, [], names)
    if waited:
        await count(conn, await ingest_store.time_zone(conn, principal.time_zone), waited, known)
