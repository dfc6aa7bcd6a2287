"""Take what a tenant says of its product: use cases, milestones, rules of manual work."""

from services.usage.rows import ManualRuleRow, MilestoneRow, UseCaseRow
from services.usage.store import tables
from shared.intake.rows import BulkRoute
from shared.intake.versioned import keeping

USE_CASES = BulkRoute("use-cases", UseCaseRow, keeping(tables.USE_CASE))
MILESTONES = BulkRoute("milestones", MilestoneRow, keeping(tables.MILESTONE))
MANUAL_RULES = BulkRoute("manual-rules", ManualRuleRow, keeping(tables.MANUAL_RULE))
