"""Paths: what members were told to learn, and from when on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.learning.domain.courses import Course
from services.learning.domain.learners import Learner
from services.learning.domain.paths import (
    Excluded,
    ExcludedCourse,
    LearningPath,
    PathItem,
    Plan,
    Reason,
)
from services.learning.store.courses import courses_by_code
from shared.platform.db import Conn, Row


@dataclass(frozen=True, slots=True)
class Current:
    """The path a member is on: enough to see whether another one follows."""

    inputs_hash: str
    courses: list[str]


@dataclass(frozen=True, slots=True)
class Assigned:
    """A plan for a member; the same inputs give the same id."""

    learner: Learner
    plan: Plan

    @property
    def path_id(self) -> UUID:
        return uuid5(self.learner.member_id, self.plan.inputs_hash)


async def current(conn: Conn, member_ids: list[UUID]) -> dict[UUID, Current]:
    """The newest path of each member; those never recommended anything are absent."""
    rows = await conn.fetch(
        "SELECT a.member_id, p.inputs_hash, array(SELECT i.course FROM learning.path_item AS i"
        "   WHERE i.path_id = p.path_id ORDER BY i.position) AS courses"
        " FROM (SELECT DISTINCT ON (member_id) member_id, path_id FROM learning.assignment"
        "   WHERE member_id = ANY ($1) ORDER BY member_id, assigned_at DESC) AS a"
        " JOIN learning.path AS p USING (path_id)",
        member_ids,
    )
    return {row["member_id"]: Current(row["inputs_hash"], row["courses"]) for row in rows}


async def add(conn: Conn, assigned: Sequence[Assigned], at: datetime) -> None:
    """Keep paths not known yet with their items, and say whose they are from now on."""
    new = await _add_paths(conn, assigned, at)
    await _add_items(conn, [one for one in assigned if one.path_id in new])
    await conn.execute(
        "INSERT INTO learning.assignment (tenant_id, member_id, assigned_at, path_id)"
        " SELECT current_setting('tenure.tenant')::uuid, member_id, $3, path_id"
        " FROM unnest($1::uuid[], $2::uuid[]) AS a (member_id, path_id)",
        [one.learner.member_id for one in assigned],
        [one.path_id for one in assigned],
        at,
    )


async def _add_paths(conn: Conn, assigned: Sequence[Assigned], at: datetime) -> set[UUID]:
    rows = await conn.fetch(
        "INSERT INTO learning.path (tenant_id, path_id, member_id, account_id, recommended_at,"
        " inputs_hash, minutes, excluded)"
        " SELECT current_setting('tenure.tenant')::uuid, path_id, member_id, account_id, $7, hash,"
        " minutes, excluded::jsonb FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[],"
        " $5::int[], $6::text[]) AS p (path_id, member_id, account_id, hash, minutes, excluded)"
        " ON CONFLICT DO NOTHING RETURNING path_id",
        [one.path_id for one in assigned],
        [one.learner.member_id for one in assigned],
        [one.learner.account_id for one in assigned],
        [one.plan.inputs_hash for one in assigned],
        [one.plan.minutes for one in assigned],
        [_json(one.plan.excluded) for one in assigned],
        at,
    )
    return {row["path_id"] for row in rows}


async def _add_items(conn: Conn, new: Sequence[Assigned]) -> None:
    items = [
        (one.path_id, place, step.course, _json(step.reasons), step.value_per_minute)
        for one in new
        for place, step in enumerate(one.plan.steps, start=1)
    ]
    if items:
        await conn.execute(
            "INSERT INTO learning.path_item (tenant_id, path_id, position, course, reasons,"
            " value_per_minute) SELECT current_setting('tenure.tenant')::uuid, path_id, position,"
            " course, reasons::jsonb, value FROM unnest($1::uuid[], $2::int[], $3::text[],"
            " $4::text[], $5::float8[]) AS i (path_id, position, course, reasons, value)",
            *(list(column) for column in zip(*items, strict=True)),
        )


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
    return {found.member_id: found for found in await _filled(conn, rows, as_of)}


async def paths_by_id(conn: Conn, ids: list[UUID]) -> dict[UUID, LearningPath]:
    """Paths by id; unknown ones are absent."""
    rows = await conn.fetch(
        "SELECT *, recommended_at AS assigned_at FROM learning.path WHERE path_id = ANY ($1)", ids
    )
    return {found.id: found for found in await _filled(conn, rows, None)}


async def _filled(conn: Conn, rows: Sequence[Row], as_of: datetime | None) -> list[LearningPath]:
    """Paths with their items, and every course they name."""
    items = await conn.fetch(
        "SELECT * FROM learning.path_item WHERE path_id = ANY ($1) ORDER BY path_id, position",
        [row["path_id"] for row in rows],
    )
    excluded = {row["path_id"]: msgspec.convert(row["excluded"], list[Excluded]) for row in rows}
    reasons = [msgspec.convert(item["reasons"], list[Reason]) for item in items]
    codes = {item["course"] for item in items}
    codes |= {reason.subject for found in reasons for reason in found if _names_course(reason)}
    codes |= {left.course for found in excluded.values() for left in found}
    known = await courses_by_code(conn, sorted(codes), as_of)
    by_path: dict[UUID, list[PathItem]] = {row["path_id"]: [] for row in rows}
    for item, why in zip(items, reasons, strict=True):
        if item["course"] in known:
            by_path[item["path_id"]].append(_item(item, why, known))
    return [_path(row, by_path[row["path_id"]], excluded[row["path_id"]], known) for row in rows]


def _names_course(reason: Reason) -> bool:
    return reason.kind == "prerequisite_of"


def _item(item: Row, reasons: list[Reason], known: dict[str, Course]) -> PathItem:
    unlocks = [reason.subject for reason in reasons if _names_course(reason)]
    return PathItem(
        position=item["position"],
        course=known[item["course"]],
        reasons=reasons,
        prerequisite_of=[known[code] for code in unlocks if code in known],
        value_per_minute=item["value_per_minute"],
    )


def _path(
    row: Row, items: list[PathItem], excluded: Iterable[Excluded], known: dict[str, Course]
) -> LearningPath:
    return LearningPath(
        id=row["path_id"],
        member_id=row["member_id"],
        account_id=row["account_id"],
        recommended_at=row["assigned_at"],
        inputs_hash=row["inputs_hash"],
        minutes=row["minutes"],
        items=items,
        excluded=[
            ExcludedCourse(known[left.course], left.why, left.detail)
            for left in excluded
            if left.course in known
        ],
    )
