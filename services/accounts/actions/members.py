"""Take the people of accounts."""

from typing import Any
from uuid import UUID

import msgspec

from services.accounts.actions.account_of import account_of
from services.accounts.domain.members import Member, MemberAdded, MemberChanged, MemberFact
from services.accounts.rows import MemberRow, check
from services.accounts.store import members, tables
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, receive
from shared.intake.versioned import save
from shared.intake.versions import Candidate
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts


async def take_members(
    conn: Conn, principal: Principal, rows: list[NumberedRow[MemberRow]]
) -> list[Receipt]:
    """Add or change members, known by their id or, within the account, by their external id."""
    outcome = await save(conn, principal, tables.MEMBER, rows, check=check, resolve=[account_of])
    now = await members.members(conn, list({UUID(new.version.id) for new in outcome.fresh}))
    before = {UUID(version.id) for version in outcome.before}
    changes: list[tuple[UUID, MemberFact]] = []
    for new in outcome.fresh:
        member = now[UUID(new.version.id)]
        kind = MemberChanged if member.id in before else MemberAdded
        changes.append((member.account_id, _fact(new, member, kind)))
        before.add(member.id)
    await facts.emit_all(conn, changes)
    return outcome.receipts


async def members_upsert(
    conn: Conn, rows: list[dict[str, Any]], principal: Principal
) -> list[Receipt]:
    """Add or change members; a receipt for each, in order."""
    return await receive(conn, principal, MEMBERS, msgspec.json.encode(rows))


def _fact(new: Candidate[MemberRow], member: Member, kind: type[MemberFact]) -> MemberFact:
    """There is a fact for every version: who looks back must see what was known then."""
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


MEMBERS = BulkRoute("members", MemberRow, take_members)
