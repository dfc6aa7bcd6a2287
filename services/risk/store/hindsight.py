"""Every query that looks back: how contracts ended, and what was forecast and expected of them."""

from datetime import date, datetime
from uuid import UUID

from services.risk.domain.hindsight import (
    LOOKS_DAYS,
    Disagreement,
    Ended,
    Expectation,
    Look,
    Opinion,
    PostMortem,
)
from services.risk.store import past
from services.risk.store import scores as scores_store
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page


async def lost(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Ended]:
    """The last contract that each account had not renewed; accounts that lost none are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (account_id) contract_id, account_id, ended_on, renewed FROM ("
        " SELECT DISTINCT ON (account_id, contract_id) * FROM risk.outcome"
        " WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY account_id, contract_id, recorded_at DESC) AS known"
        " WHERE NOT renewed ORDER BY account_id, ended_on DESC, contract_id",
        account_ids,
        as_of,
    )
    return {row["account_id"]: to(Ended, row) for row in rows}


async def post_mortems(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, PostMortem]:
    """Each account's last loss with what was served 90, 60 and 30 days before."""
    ended = await lost(conn, account_ids, as_of)
    return {key: PostMortem(one, await _looks(conn, one, as_of)) for key, one in ended.items()}


async def _looks(conn: Conn, ended: Ended, as_of: datetime | None) -> list[Look]:
    looks: list[Look] = []
    for days in LOOKS_DAYS:
        at = ended.moment(days)
        known_at = min(at, as_of or at)  # a contract may be known to end on a day to come
        score = (await scores_store.latest(conn, [ended.account_id], known_at)).get(
            ended.account_id
        )
        known = await past.inputs(conn, [score.score_id]) if score else {}
        looks.append(Look(days, at, score, known[score.score_id] if score else {}))
    return looks


async def add_expectation(
    conn: Conn, account_id: UUID, probability: float, stated_by: str, note: str | None
) -> Expectation:
    """Keep what somebody expects, beside what the model said at that moment."""
    row = await conn.fetchrow(
        "INSERT INTO risk.expectation"
        " (account_id, renewal_probability, stated_by, note, score_id, model_probability)"
        " SELECT $1::uuid, $2::float8, $3, $4, s.score_id, s.renewal_probability"
        " FROM (SELECT) AS one"
        " LEFT JOIN (risk.latest AS l JOIN risk.score AS s USING (tenant_id, score_id))"
        " ON l.account_id = $1::uuid RETURNING *",
        account_id,
        probability,
        stated_by,
        note,
    )
    if row is None:
        raise LookupError("an INSERT of one row returns it")
    return to(Expectation, row)


async def expectations(
    conn: Conn,
    account_ids: list[UUID],
    first: int | None = None,
    after: str | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, Page[Expectation]]:
    """A page of what was expected of each account, newest first."""
    most = paging.size(first)
    at, last = paging.key(after, datetime, UUID) if after else (None, None)
    rows = await conn.fetch(
        "SELECT e.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL ("
        " SELECT * FROM risk.expectation WHERE account_id = asked.id"
        "  AND ($2::timestamptz IS NULL OR (stated_at, expectation_id) < ($2, $3::uuid))"
        "  AND stated_at <= coalesce($5, 'infinity'::timestamptz)"
        "  ORDER BY stated_at DESC, expectation_id DESC LIMIT $4) AS e"
        " ORDER BY e.stated_at DESC, e.expectation_id DESC",
        account_ids,
        at,
        last,
        most + 1,
        as_of,
    )
    found: dict[UUID, list[Expectation]] = {account_id: [] for account_id in account_ids}
    for row in rows:
        found[row["account_id"]].append(to(Expectation, row))
    return {
        key: paging.page(some, most, [paging.cursor(e.stated_at, e.expectation_id) for e in some])
        for key, some in found.items()
    }


async def disagreement(conn: Conn, days_before: int, since: date, until: date) -> Disagreement:
    """Contracts that ended within [since, until) of which model and a person had both spoken.

    What was served, and what was said last, at the start of the day so many days before the end.
    """
    rows = await conn.fetch(
        "SELECT o.account_id, o.ended_on, o.renewed,"
        "  s.renewal_probability AS model, e.renewal_probability AS person, e.stated_by"
        " FROM risk.outcome_now AS o"
        " CROSS JOIN LATERAL"
        "  (SELECT (o.ended_on - $1::int)::timestamp AT TIME ZONE 'UTC') AS d (moment)"
        " CROSS JOIN LATERAL (SELECT renewal_probability FROM risk.score"
        "  WHERE account_id = o.account_id AND scored_at <= d.moment"
        "  ORDER BY scored_at DESC, score_id DESC LIMIT 1) AS s"
        " CROSS JOIN LATERAL (SELECT renewal_probability, stated_by FROM risk.expectation"
        "  WHERE account_id = o.account_id AND stated_at <= d.moment"
        "   AND stated_at > d.moment - interval '180 days'"
        "  ORDER BY stated_at DESC, expectation_id DESC LIMIT 1) AS e"
        " WHERE o.ended_on >= $2 AND o.ended_on < $3 AND s.renewal_probability IS NOT NULL"
        " ORDER BY o.ended_on DESC, o.contract_id LIMIT 10000",
        days_before,
        since,
        until,
    )
    return Disagreement.of(days_before, [to(Opinion, row) for row in rows])
