"""Take descriptions of features."""

from typing import Any

from services.usage.domain.catalogue import Feature
from services.usage.rows import FeatureRow
from services.usage.store import catalogue, tables
from shared.intake.rows import BulkRoute, take_one
from shared.intake.versioned import take_into
from shared.platform.auth import Principal
from shared.platform.db import Conn


def _settle(row: FeatureRow) -> None:
    """The same plans are the same values, in whichever order they are named."""
    row.plans = sorted(set(row.plans))


FEATURES = BulkRoute("features", FeatureRow, take_into(tables.FEATURE, check=_settle))


async def feature_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Feature:
    """Describe one feature, taken as the bulk route takes it."""
    key = await take_one(conn, principal, FEATURES, row)
    return (await catalogue.features_by_key(conn, [key]))[key]
