"""Paths: what is recommended to members, and from when on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.learning.domain.courses import Course
from services.learning.domain.learners import Learner
from services.learning.domain.paths import ExcludedCourse, LearningPath, PathItem, Plan, ReasonKind
from services.learning.store.courses import courses_by_code
from shared.platform.db import Conn, Row, to

ADD_PATHS = """
INSERT INTO learning.path
  (tenant_id, path_id, member_id, account_id, inputs_hash, minutes, excluded, recommended_at)
SELECT current_setting('tenure.tenant')::uuid, path_id, member_id, account_id, inputs_hash, minutes,
  excluded::jsonb, $7
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[])
  AS p (path_id, member_id, account_id, inputs_hash, minutes, excluded)
ON CONFLICT DO NOTHING RETURNING path_id"""
ADD_ITEMS = """
INSERT INTO learning.path_item (tenant_id, path_id, position, course, reasons, value_per_minute)
SELECT current_setting('tenure.tenant')::uuid, path_id, position, course, reasons::jsonb, value
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::float8[])
  AS i (path_id, position, course, reasons, value)"""
ADD_ASSIGNMENTS = """
INSERT INTO learning.assignment (tenant_id, path_id, member_id, assigned_at)
SELECT current_setting('tenure.tenant')::uuid, path_id, member_id, $3
FROM unnest($1::uuid[], $2::uuid[]) AS a (path_id, member_id)"""


@dataclass(frozen=True, slots=True)
class CurrentPath:
    """The path a member is on: enough to see whether another one follows."""

    inputs_hash: str
    courses: list[str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan for a member; the same inputs give the same id."""

    learner: Learner
    plan: Plan

    @property
    def path_id(self) -> UUID:
        return uuid5(self.learner.member_id, self.plan.inputs_hash)


async def current(conn: Conn, member_ids: list[UUID]) -> dict[UUID, CurrentPath]:
    """The newest path of each member; those never recommended anything are absent."""
    rows = await conn.fetch(
        "SELECT a.member_id, p.inputs_hash, array(SELECT i.course FROM learning.path_item AS i"
        "   WHERE i.path_id = p.path_id ORDER BY i.position) AS courses"
        " FROM (SELECT DISTINCT ON (member_id) member_id, path_id FROM learning.assignment"
        "   WHERE member_id = ANY ($1) ORDER BY member_id, assigned_at DESC) AS a"
        " JOIN learning.path AS p USING (path_id)",
        member_ids,
    )
    return {row["member_id"]: to(CurrentPath, row) for row in rows}


async def add(conn: Conn, assignments: Sequence[Assignment], at: datetime) -> None:
    """Save new paths with their items, and say whose they are from now on."""
    path_ids = [assignment.path_id for assignment in assignments]
    learners = [assignment.learner for assignment in assignments]
    plans = [assignment.plan for assignment in assignments]
    member_ids = [learner.member_id for learner in learners]
    rows = await conn.fetch(
        ADD_PATHS,
        path_ids,
        member_ids,
        [learner.account_id for learner in learners],
        [plan.inputs_hash for plan in plans],
        [plan.minutes for plan in plans],
        [_json(plan.excluded) for plan in plans],
        at,
    )
    new = {row["path_id"] for row in rows}
    items = [
        (path_id, position, step.course, _json(step.reasons), step.value_per_minute)
        for path_id, plan in zip(path_ids, plans, strict=True)
        if path_id in new
        for position, step in enumerate(plan.steps, start=1)
    ]
    if items:
        await conn.execute(ADD_ITEMS, *map(list, zip(*items, strict=True)))
    await conn.execute(ADD_ASSIGNMENTS, path_ids, member_ids, at)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def path(
    conn: Conn, member_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, LearningPath]:
    """The path each member was on; those never recommended anything by then are absent."""
    rows = await conn.fetch(
        "SELECT p.*, a.assigned_at FROM (SELECT DISTINCT ON (member_id) member_id, path_id,"
        "   assigned_at FROM learning.assignment"
        "   WHERE member_id = ANY ($1) AND assigned_at <= coalesce($2, now())"
        "   ORDER BY member_id, assigned_at DESC) AS a JOIN learning.path AS p USING (path_id)",
        member_ids,
        as_of,
    )
    return {path.member_id: path for path in await _paths(conn, rows, as_of)}


async def paths_by_id(conn: Conn, ids: list[UUID]) -> dict[UUID, LearningPath]:
    """Paths by id; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT *, recommended_at AS assigned_at FROM learning.path WHERE path_id = ANY ($1)", ids
    )
    return {path.id: path for path in await _paths(conn, rows, None)}


async def _paths(conn: Conn, rows: Sequence[Row], as_of: datetime | None) -> list[LearningPath]:
    """Paths with their items, and every course they name."""
    items = await conn.fetch(
        "SELECT * FROM learning.path_item WHERE path_id = ANY ($1) ORDER BY path_id, position",
        [row["path_id"] for row in rows],
    )
    codes = {item["course"] for item in items}
    codes |= {course for item in items for course in _unlocks(item)}
    codes |= {exclusion["course"] for row in rows for exclusion in row["excluded"]}
    catalogue = await courses_by_code(conn, sorted(codes), as_of)
    by_path: dict[UUID, list[PathItem]] = {row["path_id"]: [] for row in rows}
    for item in items:
        if item["course"] in catalogue:
            by_path[item["path_id"]].append(_item(item, catalogue))
    return [_path(row, by_path[row["path_id"]], catalogue) for row in rows]


def _unlocks(item: Row) -> list[str]:
    """The courses that need the item's course."""
    kind: ReasonKind = "prerequisite_of"
    return [reason["subject"] for reason in item["reasons"] if reason["kind"] == kind]


def _item(item: Row, catalogue: dict[str, Course]) -> PathItem:
    unlocks = [catalogue[code] for code in _unlocks(item) if code in catalogue]
    return to(PathItem, item, course=catalogue[item["course"]], prerequisite_of=unlocks)


def _path(row: Row, items: list[PathItem], catalogue: dict[str, Course]) -> LearningPath:
    exclusions = [
        ExcludedCourse(catalogue[exclusion["course"]], exclusion["why"], exclusion["detail"])
        for exclusion in row["excluded"]
        if exclusion["course"] in catalogue
    ]
    return to(
        LearningPath,
        row,
        id=row["path_id"],
        recommended_at=row["assigned_at"],
        items=items,
        excluded=exclusions,
    )
