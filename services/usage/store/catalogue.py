"""The feature catalogue, in versions, together with features only seen in events."""

from datetime import datetime

from services.usage.domain.catalogue import Feature
from services.usage.store.clock import check_zone
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page

FEATURES = """
SELECT coalesce(d.key, f.name) AS key, coalesce(d.title, f.name) AS title,
  d.key IS NOT NULL AS catalogued, d.tier, coalesce(d.sticky, false) AS sticky,
  coalesce(d.core, false) AS core, coalesce(d.plans, '{}') AS plans, d.milestone, d.persona,
  coalesce(d.qualifying, true) AS qualifying, f.first_at AS first_seen_at, d.recorded_at
FROM (
  SELECT DISTINCT ON (key) * FROM usage.described
  WHERE recorded_at <= coalesce($1, 'infinity'::timestamptz)
  ORDER BY key, recorded_at DESC
) AS d
FULL JOIN (
  SELECT * FROM usage.feature WHERE first_at <= coalesce($1, 'infinity'::timestamptz)
) AS f ON f.name = d.key
WHERE ($2::text[] IS NULL OR coalesce(d.key, f.name) = ANY ($2))
  AND ($3::text IS NULL OR coalesce(d.key, f.name) > $3)
ORDER BY 1 LIMIT $4
"""


async def feature_list(
    conn: Conn, first: int = 25, after: str | None = None, as_of: datetime | None = None
) -> Page[Feature]:
    """Described or seen, by key."""
    check_zone(as_of)
    window = paging.window(first, after, str)
    rows = await conn.fetch(FEATURES, as_of, None, *window.bounds)
    return window.page([to(Feature, row) for row in rows], lambda feature: (feature.key,))


async def features_by_key(conn: Conn, keys: list[str]) -> dict[str, Feature]:
    """Features as they are; those neither described nor seen are absent."""
    rows = await conn.fetch(FEATURES, None, keys, None, len(keys))
    return {row["key"]: to(Feature, row) for row in rows}
