"""Take progress of members, and recommend what they learn next."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.learning.domain.courses import Catalogue
from services.learning.domain.learners import (
    Completion,
    Learner,
    LearningChanged,
    Progress,
    shows,
)
from services.learning.domain.paths import PathAssigned, PathRequest, Plan, next_path
from services.learning.domain.work_lists import RECOMMEND
from services.learning.rows import ProgressRow, check
from services.learning.store import courses, directory, learners, paths, tables
from services.learning.store.paths import Assigned
from shared.intake.checks import Check
from shared.intake.rows import BulkRoute, NumberedRow, Receipt, take_one
from shared.intake.versioned import save
from shared.intake.versions import Candidate
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import facts, work
from shared.vocabulary.errors import InvalidInput, NotFound
from shared.vocabulary.ids import parse_id


async def take_progress(
    conn: Conn, principal: Principal, rows: list[NumberedRow[ProgressRow]]
) -> list[Receipt]:
    """Steps in courses; who now masters something gets other next steps."""
    outcome = await save(conn, principal, tables.PROGRESS, rows, check=check, resolve=[_course_of])
    fresh = outcome.fresh
    if fresh:
        optional = await courses.optional(conn, sorted({one.row.course_code for one in fresh}))
        await facts.emit_all(conn, _changes(fresh, optional))
        proven = [one for one in fresh if shows(one.row.kind, one.row.score)]
        members = {UUID(one.row.member_id) for one in proven}
        await work.mark(conn, RECOMMEND, list(members), delay_s=_ahead_s(proven))
    return outcome.receipts


def _changes(
    fresh: Sequence[Candidate[ProgressRow]], optional: Set[str]
) -> list[tuple[UUID, LearningChanged]]:
    changes: dict[UUID, LearningChanged] = {}
    for one in fresh:
        row, account = one.row, one.version.owner
        change = changes.setdefault(account, LearningChanged(account, []))
        if row.kind == "completed":
            known = one.version.recorded_at
            change.completed.append(
                Completion(
                    UUID(row.member_id),
                    row.course_code,
                    row.occurred_at,
                    known,
                    required=row.course_code not in optional,
                )
            )
    return list(changes.items())


def _ahead_s(proven: Sequence[Candidate[ProgressRow]]) -> float:
    """How far the senders' clocks are ahead of ours: before that nothing is proven yet."""
    ahead = [one.row.occurred_at - one.version.recorded_at for one in proven]
    return max((gap.total_seconds() for gap in ahead if gap.total_seconds() > 0), default=0.0)


PROGRESS = BulkRoute("progress", ProgressRow, take_progress)


async def _course_of(
    conn: Conn, _: Principal, rows: Sequence[NumberedRow[ProgressRow]]
) -> Check[ProgressRow]:
    """The course of a step must exist."""
    codes = sorted({one.row.course_code for one in rows})
    there = await courses.courses_by_code(conn, codes)

    def exists(row: ProgressRow) -> None:
        if row.course_code not in there:
            raise InvalidInput("courseCode", row.course_code, "the code of a course that exists")

    return exists


async def progress_record(conn: Conn, row: dict[str, Any], principal: Principal) -> Progress:
    """One step of a known member, taken as the bulk route takes it; sent again it is the same."""
    member = await _member(conn, row["memberId"])
    step = f"{row['courseCode']}\0{row['kind']}\0{row['occurredAt']}"
    whole = {"id": str(uuid5(member.member_id, step)), "accountId": member.account_id, **row}
    row_id = await take_one(conn, principal, PROGRESS, whole)
    return (await learners.progress(conn, [row_id]))[row_id]


async def path_recommend(conn: Conn, member_id: UUID) -> PathRequest:
    """Ask for a fresh look at a member's path."""
    await _member(conn, str(member_id))
    await work.mark(conn, RECOMMEND, [member_id])
    return PathRequest(member_id, (await paths.path(conn, [member_id])).get(member_id))


async def _member(conn: Conn, given: str) -> Learner:
    member_id = parse_id(given, "Member", "memberId")[1]
    member = (await directory.learners(conn, [member_id])).get(member_id)
    if member is None:
        raise NotFound(f"memberId: there is no member {member_id}")
    return member


async def recommend(conn: Conn, member_ids: list[UUID], at: datetime) -> int:
    """Give each member the path that follows at this moment; how many got other next steps.

    Unchanged inputs write nothing; changed inputs with the same steps tell nothing.
    """
    members = await directory.learners(conn, member_ids)
    shown = await learners.mastered(conn, member_ids, at)
    there = [member for member in members.values() if member.ended_at is None]
    mastered = {one: frozenset(proof.course for proof in shown[one]) for one in members}
    plans = _plans(there, mastered, await courses.catalogue(conn, at))
    held = await paths.current(conn, member_ids)
    new = [
        one
        for one in plans
        if (old := held.get(one.learner.member_id)) is None
        or old.inputs_hash != one.plan.inputs_hash
    ]
    if not new:
        return 0
    await paths.add(conn, new, at)
    moved = [one for one in new if one.plan.courses != _steps(held, one)]
    await facts.emit_all(conn, [_assigned(one) for one in moved])
    return len(moved)


def _plans(
    members: Sequence[Learner], mastered: dict[UUID, frozenset[str]], catalogue: Catalogue
) -> list[Assigned]:
    """Many members are alike: each case is planned once."""
    cases: dict[tuple[str | None, int, frozenset[str]], Plan] = {}
    plans: list[Assigned] = []
    for member in members:
        case = (member.role, member.level, mastered[member.member_id])
        if case not in cases:
            cases[case] = next_path(member, case[2], catalogue)
        plans.append(Assigned(member, cases[case]))
    return plans


def _steps(held: dict[UUID, paths.Current], one: Assigned) -> list[str]:
    old = held.get(one.learner.member_id)
    return old.courses if old else []


def _assigned(one: Assigned) -> tuple[UUID, PathAssigned]:
    learner = one.learner
    return learner.account_id, PathAssigned(learner.account_id, learner.member_id, one.path_id)
