"""Tickets, summed up by account."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from services.accounts import definitions
from services.accounts.domain.tickets import SupportSummary, Wait, median_wait_s
from shared.platform.db import Conn, Row
from shared.vocabulary import metric
from shared.vocabulary.metric import count, ratio


async def support(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, SupportSummary]:
    """What each account asked of support up to `as_of`; who asked nothing has zeros."""
    rows = await conn.fetch(
        """
        WITH known AS (
          SELECT DISTINCT ON (account_id, id) *, coalesce($2, now()) AS at
          FROM accounts.ticket
          WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
          ORDER BY account_id, id, recorded_at DESC
        ), waited AS (
          SELECT *, first_reply_at <= at IS TRUE AS answered,
            least(first_reply_at, resolved_at, at) - opened_at AS waited,
            opened_at >= at - interval '90 days' AS recent
          FROM known WHERE opened_at < at
        )
        SELECT g.account_id, coalesce($2, now()) AS as_of,
          count(*) FILTER (WHERE opened_at >= at - interval '28 days') AS tickets_28d,
          count(*) FILTER (WHERE recent) AS tickets_90d,
          count(*) FILTER (WHERE severity IN ('high', 'urgent')
            AND (resolved_at > at) IS NOT FALSE AND id IS NOT NULL) AS open_high_severity,
          count(*) FILTER (WHERE recent AND opened_at <= at - interval '24 hours') AS due,
          count(*) FILTER (WHERE recent AND opened_at <= at - interval '24 hours'
            AND answered AND waited <= interval '24 hours') AS replied_within_24h,
          array_agg(extract(epoch FROM waited)::float8 ORDER BY id) FILTER (WHERE recent) AS waits,
          array_agg(answered ORDER BY id) FILTER (WHERE recent) AS answers,
          max(recorded_at) AS freshness
        FROM unnest($1::uuid[]) AS g (account_id) LEFT JOIN waited USING (account_id)
        GROUP BY g.account_id""",
        account_ids,
        as_of,
    )
    return {row["account_id"]: _summary(row) for row in rows}


def _summary(row: Row) -> SupportSummary:
    as_of: datetime = row["as_of"]
    since = as_of - timedelta(days=90)
    waits = [Wait(*pair) for pair in zip(row["waits"] or [], row["answers"] or [], strict=True)]
    tickets = partial(count, freshness=row["freshness"])
    return SupportSummary(
        account_id=row["account_id"],
        as_of=as_of,
        tickets_28d=tickets(
            definitions.TICKETS_28D,
            row["tickets_28d"],
            window_from=as_of - timedelta(days=28),
            window_to=as_of,
        ),
        tickets_90d=tickets(
            definitions.TICKETS_90D, row["tickets_90d"], window_from=since, window_to=as_of
        ),
        open_high_severity=tickets(definitions.OPEN_HIGH_SEVERITY, row["open_high_severity"]),
        replied_within_24h=ratio(
            definitions.RATE_24,
            row["replied_within_24h"],
            row["due"],
            window_from=since,
            window_to=as_of - timedelta(hours=24),
            freshness=row["freshness"],
        ),
        first_reply_median_s=metric.of(
            definitions.FIRST_REPLY,
            median_wait_s(waits),
            len(waits),
            window_from=since,
            window_to=as_of,
            freshness=row["freshness"],
        ),
    )
