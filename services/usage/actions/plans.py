"""Take what a tenant says of its product: use cases, milestones, rules of manual work."""

from typing import Any

from services.usage.domain.plans import ManualRuleRow, MilestoneRow, UseCaseRow
from services.usage.store import plans
from services.usage.store.plans import Plan
from shared.intake.rows import Kind, Numbered, Receipt
from shared.intake.versions import candidate, sorted_out
from shared.platform.auth import Principal
from shared.platform.db import Conn


async def take_use_cases(
    conn: Conn, principal: Principal, rows: list[Numbered[UseCaseRow]]
) -> list[Receipt]:
    """Keep use cases; a known key with another body is a new version."""
    return await _take(conn, principal, "use_case", rows)


async def take_milestones(
    conn: Conn, principal: Principal, rows: list[Numbered[MilestoneRow]]
) -> list[Receipt]:
    """Keep milestones; a known key with another body is a new version."""
    return await _take(conn, principal, "milestone", rows)


async def take_manual_rules(
    conn: Conn, principal: Principal, rows: list[Numbered[ManualRuleRow]]
) -> list[Receipt]:
    """Keep rules; a known key with another body is a new version."""
    return await _take(conn, principal, "manual_rule", rows)


async def _take(
    conn: Conn, principal: Principal, plan: Plan, rows: list[Numbered[Any]]
) -> list[Receipt]:
    await plans.change_plans(conn)
    owner = principal.tenant_id
    candidates = [candidate(one.number, one.row, one.row.key, owner) for one in rows]
    known = await plans.plan_versions(conn, plan, sorted({one.version.id for one in candidates}))
    fresh, receipts = sorted_out(candidates, known, corrections=True)
    if fresh:
        await plans.add_plans(conn, plan, owner, fresh)
    return receipts


USE_CASES = Kind("use-cases", UseCaseRow, take_use_cases)
MILESTONES = Kind("milestones", MilestoneRow, take_milestones)
MANUAL_RULES = Kind("manual-rules", ManualRuleRow, take_manual_rules)
