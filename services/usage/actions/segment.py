"""Segment's messages: who belongs where, and what was used."""

from datetime import datetime

from services.usage.actions.ingest import count, keep_rejected, take_checked
from services.usage.domain.events import Address, Event, ExternalId
from services.usage.domain.segment import GROUP, Groups, Sent, names, usage
from services.usage.store import directory
from services.usage.store import ingest as ingest_store
from services.usage.store import segment as segment_store
from shared.intake.rows import Numbered, Receipt, rejected
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput

USED = ("track", "page", "screen")


async def take_segment(
    conn: Conn, principal: Principal, received_at: datetime, sent: Sent
) -> dict[str, bool]:
    """Carry out what an analytics library sent; as Segment does, bad messages are only listed."""
    everyone = names(sent.messages)
    groups = Groups(await segment_store.groups(conn, everyone))
    events, refused = _read(sent, groups, received_at)
    if groups.changed:  # decided anew where nobody else can decide at the same time
        await ingest_store.change_accounts(conn)
        groups = Groups(await segment_store.groups(conn, everyone))
        events, refused = _read(sent, groups, received_at)
        await _join(conn, principal, groups.changed)
    receipts = await take_checked(conn, principal, events) if events else []
    turned_away = [*sent.refused, *refused, *(each for each in receipts if _is_rejected(each))]
    if turned_away:
        await keep_rejected(conn, principal, turned_away)
    return {"success": True}


def _read(
    sent: Sent, groups: Groups, received_at: datetime
) -> tuple[list[Numbered[Event]], list[Receipt]]:
    """Message by message, in order: who was where when it was said."""
    events: list[Numbered[Event]] = []
    refused: list[Receipt] = []
    for each in sent.messages:
        try:
            if each.row.type in USED:
                event = usage(each.row, groups.group_of(each.row), received_at)
                events.append(Numbered(each.number, event))
            else:
                groups.learn(each.row)
        except InvalidInput as error:
            refused.append(rejected(each.number, error, each.row.message_id))
    return events, refused


def _is_rejected(receipt: Receipt) -> bool:
    return receipt.status == "rejected"


async def _join(conn: Conn, principal: Principal, joined: dict[str, str]) -> None:
    """Users join groups, and what waited for them counts where the group is a known account."""
    await segment_store.join_groups(conn, joined)
    externals = {group: ExternalId(GROUP, group) for group in joined.values()}
    known = await ingest_store.known(conn, [Address(external=each) for each in externals.values()])
    names = [each.external for each in known if each.external is not None]
    waited = await directory.take_pending(conn, [], names)
    if waited:
        await count(conn, await ingest_store.time_zone(conn, principal.time_zone), waited, known)
