"""Every query that looks back: how contracts ended, and what was forecast and expected of them."""

from datetime import date, datetime
from uuid import UUID

from services.risk.domain.hindsight import (
    LOOKS_DAYS,
    ContractEnd,
    Disagreement,
    Expectation,
    Look,
    Opinion,
    PostMortem,
)
from services.risk.store import scores as scores_store
from shared.platform.db import Conn, to
from shared.vocabulary import paging
from shared.vocabulary.paging import Page


async def last_losses(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, ContractEnd]:
    """The last contract that each account did not renew; accounts without such are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (account_id) contract_id, account_id, ended_on, renewed FROM ("
        " SELECT DISTINCT ON (account_id, contract_id) * FROM risk.outcome"
        " WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY account_id, contract_id, recorded_at DESC) AS version"
        " WHERE NOT renewed ORDER BY account_id, ended_on DESC, contract_id",
        account_ids,
        as_of,
    )
    return {row["account_id"]: to(ContractEnd, row) for row in rows}


async def post_mortems(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, PostMortem]:
    """Each account's last loss with what was served 90, 60 and 30 days before."""
    losses = await last_losses(conn, account_ids, as_of)
    return {key: PostMortem(loss, await _looks(conn, loss, as_of)) for key, loss in losses.items()}


async def _looks(conn: Conn, loss: ContractEnd, as_of: datetime | None) -> list[Look]:
    looks: list[Look] = []
    for days in LOOKS_DAYS:
        at = loss.moment(days)
        until = min(at, as_of or at)  # a contract may be known to end on a day to come
        scores = await scores_store.latest(conn, [loss.account_id], until)
        score = scores.get(loss.account_id)
        inputs = await scores_store.inputs(conn, [score.score_id]) if score else {}
        looks.append(Look(days, at, score, inputs[score.score_id] if score else {}))
    return looks


async def add_expectation(
    conn: Conn, account_id: UUID, probability: float, stated_by: str, note: str | None
) -> Expectation:
    """Store what somebody expects, beside what the model said at that moment."""
    rows = await conn.fetch(
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
    return to(Expectation, rows[0])


async def expectations(
    conn: Conn,
    account_ids: list[UUID],
    first: int | None = None,
    after: str | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, Page[Expectation]]:
    """A page of what was expected of each account, newest first."""
    window = paging.window(first, after, datetime, UUID)
    rows = await conn.fetch(
        "SELECT e.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL ("
        " SELECT * FROM risk.expectation WHERE account_id = asked.id"
        "  AND ($2::timestamptz IS NULL OR (stated_at, expectation_id) < ($2, $3::uuid))"
        "  AND stated_at <= coalesce($5, 'infinity'::timestamptz)"
        "  ORDER BY stated_at DESC, expectation_id DESC LIMIT $4) AS e"
        " ORDER BY e.stated_at DESC, e.expectation_id DESC",
        account_ids,
        *window.bounds,
        as_of,
    )
    items = [(row["account_id"], to(Expectation, row)) for row in rows]
    return window.pages(account_ids, items, lambda item: (item.stated_at, item.expectation_id))


async def disagreement(conn: Conn, days_before: int, since: date, until: date) -> Disagreement:
    """Contracts that ended within [since, until) and that both model and a person had forecast.

    It takes the last forecast of both at the start of the day so many days before the end.
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
