"""Take what members did in courses."""

from collections.abc import Sequence, Set
from typing import Any
from uuid import UUID, uuid5

from services.learning.domain.learners import Completion, LearningChanged, Progress, shows
from services.learning.domain.work_lists import RECOMMEND
from services.learning.rows import ProgressRow, check
from services.learning.store import courses, directory, learners, tables
from shared.intake.checks import Check
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.intake.versions import Candidate
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts, work
from shared.vocabulary.errors import InvalidInput


async def take_progress(
    conn: Conn, principal: Principal, rows: list[NumberedRow[ProgressRow]]
) -> list[Receipt]:
    """Steps in courses; who now masters something gets other next steps."""
    outcome = await save(conn, principal, tables.PROGRESS, rows, check=check, resolve=[_course_of])
    fresh = outcome.fresh
    if fresh:
        optional = await courses.optional(conn, sorted({step.row.course_code for step in fresh}))
        await facts.emit_all(conn, _changes(fresh, optional))
        proofs = [step for step in fresh if shows(step.row.kind, step.row.score)]
        members = {UUID(step.row.member_id) for step in proofs}
        await work.mark(conn, RECOMMEND, list(members), delay_s=_ahead_s(proofs))
    return outcome.receipts


PROGRESS = BulkRoute("progress", ProgressRow, take_progress)


async def progress_record(conn: Conn, row: dict[str, Any], principal: Principal) -> Progress:
    """One step of a member; the same step sent again changes nothing."""
    member = await directory.learner(conn, row["memberId"])
    step = f"{row['courseCode']}\0{row['kind']}\0{row['occurredAt']}"
    whole = {"id": str(uuid5(member.member_id, step)), "accountId": member.account_id, **row}
    row_id = await take_one(conn, principal, PROGRESS, whole)
    return (await learners.progress(conn, [row_id]))[row_id]


async def _course_of(
    conn: Conn, _: Principal, rows: Sequence[NumberedRow[ProgressRow]]
) -> Check[ProgressRow]:
    """The course of a step must exist."""
    codes = sorted({entry.row.course_code for entry in rows})
    catalogue = await courses.courses_by_code(conn, codes)

    def exists(row: ProgressRow) -> None:
        if row.course_code not in catalogue:
            raise InvalidInput("courseCode", row.course_code, "the code of a course that exists")

    return exists


def _changes(
    fresh: Sequence[Candidate[ProgressRow]], optional: Set[str]
) -> list[tuple[UUID, LearningChanged]]:
    changes: dict[UUID, LearningChanged] = {}
    for step in fresh:
        account_id = step.version.owner
        change = changes.setdefault(account_id, LearningChanged(account_id, []))
        if step.row.kind == "completed":
            change.completed.append(_completion(step, optional))
    return list(changes.items())


def _completion(step: Candidate[ProgressRow], optional: Set[str]) -> Completion:
    row = step.row
    return Completion(
        UUID(row.member_id),
        row.course_code,
        row.occurred_at,
        step.version.recorded_at,
        required=row.course_code not in optional,
    )


def _ahead_s(proofs: Sequence[Candidate[ProgressRow]]) -> float:
    """How far the senders' clocks are ahead of ours: before that nothing is proven yet."""
    ahead = [proof.row.occurred_at - proof.version.recorded_at for proof in proofs]
    return max((gap.total_seconds() for gap in ahead if gap.total_seconds() > 0), default=0.0)
