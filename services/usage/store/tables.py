"""What usage keeps in versions: what a tenant says of its product."""

from typing import Any

from services.usage.rows import FeatureRow, ManualRuleRow, MilestoneRow, UseCaseRow
from shared.intake.versioned import Versioned


def _title(row: FeatureRow) -> dict[str, Any]:
    return {"title": row.title or row.key}


def _place(row: MilestoneRow) -> dict[str, Any]:
    return {"place": row.order}


FEATURE = Versioned("usage.described", FeatureRow, key="key", owner="tenant_id", columns=_title)
USE_CASE = Versioned("usage.use_case", UseCaseRow, key="key", owner="tenant_id")
MILESTONE = Versioned("usage.milestone", MilestoneRow, key="key", owner="tenant_id", columns=_place)
MANUAL_RULE = Versioned("usage.manual_rule", ManualRuleRow, key="key", owner="tenant_id")
