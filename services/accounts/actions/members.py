"""Take the people of accounts."""

from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec

from services.accounts.actions.batch import kept, of_accounts
from services.accounts.domain import Member, MemberAdded, MemberChanged
from services.accounts.rows import MemberRow
from services.accounts.store import history, members
from shared.intake import rows as ingest
from shared.intake.rows import Kind, Numbered, Receipt
from shared.intake.versions import Candidate
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_members(conn: Conn, _: Principal, rows: list[Numbered[MemberRow]]) -> list[Receipt]:
    """Add or change members, known by their id or, within the account, by their external id."""
    await history.one_at_a_time(conn)
    candidates, receipts = await of_accounts(conn, rows, _keyed)
    fresh, verdicts, before = await kept(conn, "member", candidates)
    now = await members.members(conn, list({UUID(new.version.id) for new in fresh}))
    known = {UUID(version.id) for version in before}
    told: list[tuple[UUID, object]] = []
    for new in fresh:
        member = now[UUID(new.version.id)]
        told.append((member.account_id, _fact(new, member, is_known=member.id in known)))
        known.add(member.id)
    await facts.emit_all(conn, told)
    return receipts + verdicts


async def members_upsert(
    conn: Conn, rows: list[dict[str, Any]], principal: Principal
) -> list[Receipt]:
    """Add or change members; a receipt for each, in order."""
    return await ingest.receive(conn, principal, MEMBERS, msgspec.json.encode(rows))


def _keyed(row: MemberRow, account_id: UUID) -> MemberRow:
    if row.id is None and row.external_id is not None:
        row.id = uuid5(account_id, f"member\0{row.external_id}")
    row.id = row.id or uuid4()
    return row


def _fact(
    new: Candidate[MemberRow], member: Member, *, is_known: bool
) -> MemberAdded | MemberChanged:
    """Every version is told, the oldest first: who looks back must see what was known then."""
    kind = MemberChanged if is_known else MemberAdded
    row = new.row
    return kind(
        member.account_id,
        member.id,
        row.external_id,
        row.role,
        row.level,
        row.started_at or member.started_at,
        row.ended_at,
        row.internal,
        new.version.recorded_at,
    )


MEMBERS = Kind("members", MemberRow, take_members)
