"""Use cases, milestones and rules in versions: kept, looked up, and as known at a moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from services.usage.domain.plans import ManualRule, Milestone, UseCase
from shared.intake.versions import Candidate, Version
from shared.platform.db import Conn, to

Plan: TypeAlias = Literal["use_case", "milestone", "manual_rule"]

KNOWN: dict[Plan, str] = {
    "use_case": "SELECT key AS id, recorded_at, tenant_id AS owner, digest FROM usage.use_case"
    " WHERE key = ANY ($1)",
    "milestone": "SELECT key AS id, recorded_at, tenant_id AS owner, digest FROM usage.milestone"
    " WHERE key = ANY ($1)",
    "manual_rule": "SELECT key AS id, recorded_at, tenant_id AS owner, digest"
    " FROM usage.manual_rule WHERE key = ANY ($1)",
}
ADD: dict[Plan, str] = {
    "use_case": """
        INSERT INTO usage.use_case
          (tenant_id, key, recorded_at, persona, problem, job, advantage, alternative,
           core_action, natural_frequency_days, retired, digest)
        SELECT $2, key, recorded_at, persona, problem, job, advantage, alternative,
           core_action, natural_frequency_days, retired, digest
        FROM jsonb_populate_recordset(NULL::usage.use_case, $1) ORDER BY key, recorded_at""",
    "milestone": """
        INSERT INTO usage.milestone
          (tenant_id, key, recorded_at, title, features, k_users, due_day, required, is_value,
           weight, place, retired, digest)
        SELECT $2, key, recorded_at, title, features, k_users, due_day, required, is_value,
           weight, place, retired, digest
        FROM jsonb_populate_recordset(NULL::usage.milestone, $1) ORDER BY key, recorded_at""",
    "manual_rule": """
        INSERT INTO usage.manual_rule
          (tenant_id, key, recorded_at, feature, at_least, within, suggests, retired, digest)
        SELECT $2, key, recorded_at, feature, at_least, within, suggests, retired, digest
        FROM jsonb_populate_recordset(NULL::usage.manual_rule, $1) ORDER BY key, recorded_at""",
}


async def change_plans(conn: Conn) -> None:
    """One transaction at a time changes a tenant's plans: what it looked up stays true."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('usage.plans:' || current_setting('tenure.tenant'), 0))"
    )


async def plan_versions(conn: Conn, plan: Plan, keys: Sequence[str]) -> list[Version]:
    """Every version kept under these keys."""
    return [to(Version, row) for row in await conn.fetch(KNOWN[plan], list(keys))]


async def add_plans(
    conn: Conn, plan: Plan, tenant_id: UUID, fresh: Sequence[Candidate[Any]]
) -> None:
    """Keep new versions."""
    rows: list[dict[str, Any]] = [
        {
            **{f: getattr(new.row, f) for f in new.row.__struct_fields__},
            "place": getattr(new.row, "order", None),
            "recorded_at": new.version.recorded_at,
            "digest": f"\\x{new.version.digest.hex()}",
        }
        for new in fresh
    ]
    await conn.execute(ADD[plan], msgspec.to_builtins(rows), tenant_id)


async def use_cases(conn: Conn, as_of: datetime | None = None) -> list[UseCase]:
    """The use cases in force, as known at the moment or now, by key."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.use_case"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY key",
        as_of,
    )
    return [to(UseCase, row) for row in rows]


async def milestones(conn: Conn, as_of: datetime | None = None) -> list[Milestone]:
    """The milestones in force, as known at the moment or now, in their order."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.milestone"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY place, key",
        as_of,
    )
    return [to(Milestone, row) for row in rows]


async def manual_rules(conn: Conn, as_of: datetime | None = None) -> list[ManualRule]:
    """The rules of manual work in force, as known at the moment or now, by key."""
    rows = await conn.fetch(
        "SELECT * FROM (SELECT DISTINCT ON (key) * FROM usage.manual_rule"
        " WHERE recorded_at <= coalesce($1, now()) ORDER BY key, recorded_at DESC) AS newest"
        " WHERE NOT retired ORDER BY key",
        as_of,
    )
    return [to(ManualRule, row) for row in rows]
