"""Take descriptions of features."""

from typing import Any

import msgspec

from services.usage.domain.catalogue import DescribedRow, Feature
from services.usage.store import catalogue
from shared.intake.rows import Kind, Numbered, Receipt, receive
from shared.intake.versions import candidate, sorted_out
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput, refusal


async def take_features(
    conn: Conn, principal: Principal, rows: list[Numbered[DescribedRow]]
) -> list[Receipt]:
    """Describe features; other values under a known key are a new version."""
    await catalogue.hold_catalogue(conn)
    for one in rows:
        one.row.plans = sorted(set(one.row.plans))
    candidates = [candidate(one.number, one.row, one.row.key, principal.tenant_id) for one in rows]
    known = await catalogue.described_versions(conn, sorted({one.row.key for one in rows}))
    fresh, receipts = sorted_out(candidates, known, corrections=True)
    if fresh:
        await catalogue.add_described(conn, fresh)
    return receipts


FEATURES = Kind("features", DescribedRow, take_features)


async def feature_upsert(conn: Conn, row: dict[str, Any], principal: Principal) -> Feature:
    """Describe one feature, taken as the bulk route takes it."""
    (receipt,) = await receive(conn, principal, FEATURES, msgspec.json.encode([row]))
    if receipt.status == "conflict":
        raise Conflict(f"{receipt.field}: {receipt.message}")
    if receipt.status == "rejected" or receipt.id is None:
        why = f"{receipt.field}: {receipt.value} is not allowed; {receipt.message}"
        raise refusal(InvalidInput.code, why, receipt.field or "")
    return (await catalogue.features_by_key(conn, [receipt.id]))[receipt.id]
