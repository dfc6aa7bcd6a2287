"""Recommend what members learn next."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.learning.domain.courses import Catalogue
from services.learning.domain.learners import Learner
from services.learning.domain.paths import PathAssigned, PathRequest, Plan, next_path
from services.learning.domain.work_lists import RECOMMEND
from services.learning.store import courses, directory, learners, paths
from services.learning.store.paths import Assignment, CurrentPath
from shared.platform.db import Conn
from shared.process import facts, work


async def path_recommend(conn: Conn, member_id: UUID) -> PathRequest:
    """Ask for a fresh look at a member's path."""
    await directory.learner(conn, str(member_id))
    await work.mark(conn, RECOMMEND, [member_id])
    return PathRequest(member_id, (await paths.path(conn, [member_id])).get(member_id))


async def recommend(conn: Conn, member_ids: list[UUID], at: datetime) -> int:
    """Give each member the path that follows at this moment; how many got other next steps.

    Unchanged inputs write nothing; changed inputs with the same steps emit no fact.
    """
    members = await directory.learners(conn, member_ids)
    proofs = await learners.proofs(conn, member_ids, at)
    mastered = {key: frozenset(proof.course for proof in proofs[key]) for key in members}
    active = [member for member in members.values() if member.ended_at is None]
    current = await paths.current(conn, member_ids)
    nothing = CurrentPath(inputs_hash="", courses=[])
    before = {key: current.get(key, nothing) for key in members}
    new = [
        assignment
        for assignment in _assignments(active, mastered, await courses.catalogue(conn, at))
        if before[assignment.learner.member_id].inputs_hash != assignment.plan.inputs_hash
    ]
    if new:
        await paths.add(conn, new, at)
    changes = [
        _fact(assignment)
        for assignment in new
        if before[assignment.learner.member_id].courses != assignment.plan.courses
    ]
    await facts.emit_all(conn, changes)
    return len(changes)


def _assignments(
    members: Sequence[Learner], mastered: dict[UUID, frozenset[str]], catalogue: Catalogue
) -> list[Assignment]:
    """Many members are alike: each case is planned once."""
    cases: dict[tuple[str | None, int, frozenset[str]], Plan] = {}
    assignments: list[Assignment] = []
    for member in members:
        case = (member.role, member.level, mastered[member.member_id])
        if case not in cases:
            cases[case] = next_path(member, case[2], catalogue)
        assignments.append(Assignment(member, cases[case]))
    return assignments


def _fact(assignment: Assignment) -> tuple[UUID, PathAssigned]:
    learner = assignment.learner
    fact = PathAssigned(learner.account_id, learner.member_id, assignment.path_id)
    return learner.account_id, fact
