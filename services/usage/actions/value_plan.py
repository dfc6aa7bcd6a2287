"""Take what a tenant says of its product: use cases, milestones, rules of manual work."""

from services.usage.rows import ManualRuleRow, MilestoneRow, UseCaseRow
from services.usage.store import tables
from shared.intake.rows import BulkRoute
from shared.intake.versioned import take_into

USE_CASES = BulkRoute("use-cases", UseCaseRow, take_into(tables.USE_CASE))
MILESTONES = BulkRoute("milestones", MilestoneRow, take_into(tables.MILESTONE))
MANUAL_RULES = BulkRoute("manual-rules", ManualRuleRow, take_into(tables.MANUAL_RULE))
