"""Versions kept and looked up: the same for accounts, members, contracts and tickets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from shared.intake.versions import Candidate, Version
from shared.platform.db import Conn, to

Kind: TypeAlias = Literal["account", "member", "contract", "ticket"]

KNOWN: dict[Kind, str] = {
    "account": """
        SELECT v.* FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, since) CROSS JOIN LATERAL (
          (SELECT id::text, recorded_at, id AS owner, digest FROM accounts.account
           WHERE id = g.id AND recorded_at <= g.since ORDER BY recorded_at DESC LIMIT 1)
          UNION ALL SELECT id::text, recorded_at, id, digest FROM accounts.account
           WHERE id = g.id AND recorded_at > g.since) AS v""",
    "member": """
        SELECT v.* FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, since) CROSS JOIN LATERAL (
          (SELECT id::text, recorded_at, account_id AS owner, digest FROM accounts.member
           WHERE id = g.id AND recorded_at <= g.since ORDER BY recorded_at DESC LIMIT 1)
          UNION ALL SELECT id::text, recorded_at, account_id, digest FROM accounts.member
           WHERE id = g.id AND recorded_at > g.since) AS v""",
    "contract": """
        SELECT v.* FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, since) CROSS JOIN LATERAL (
          (SELECT id::text, recorded_at, account_id AS owner, digest FROM accounts.contract
           WHERE id = g.id AND recorded_at <= g.since ORDER BY recorded_at DESC LIMIT 1)
          UNION ALL SELECT id::text, recorded_at, account_id, digest FROM accounts.contract
           WHERE id = g.id AND recorded_at > g.since) AS v""",
    "ticket": """
        SELECT v.* FROM unnest($1::text[], $2::timestamptz[]) AS g (id, since) CROSS JOIN LATERAL (
          (SELECT id, recorded_at, account_id AS owner, digest FROM accounts.ticket
           WHERE id = g.id AND recorded_at <= g.since ORDER BY recorded_at DESC LIMIT 1)
          UNION ALL SELECT id, recorded_at, account_id, digest FROM accounts.ticket
           WHERE id = g.id AND recorded_at > g.since) AS v""",
}

# A thing whose beginning nobody told began when we first heard of it.
ADD: dict[Kind, str] = {
    "account": """
        INSERT INTO accounts.account
          (id, recorded_at, name, traits, tags, intended_users, industry, created_at, digest)
        SELECT id, recorded_at, name, traits, tags, intended_users, industry,
          coalesce(created_at,
            (SELECT min(a.created_at) FROM accounts.account AS a WHERE a.id = new.id),
            min(recorded_at) OVER (PARTITION BY id)), digest
        FROM jsonb_populate_recordset(NULL::accounts.account, $1) AS new
        ORDER BY id, recorded_at""",
    "member": """
        INSERT INTO accounts.member
          (id, recorded_at, account_id, external_id, email, role, level,
           started_at, ended_at, internal, digest)
        SELECT id, recorded_at, account_id, external_id, email, role, level,
          coalesce(started_at, least(ended_at, coalesce(
            (SELECT min(m.started_at) FROM accounts.member AS m WHERE m.id = new.id),
            min(recorded_at) OVER (PARTITION BY id)))), ended_at, internal, digest
        FROM jsonb_populate_recordset(NULL::accounts.member, $1) AS new ORDER BY id, recorded_at""",
    "contract": """
        INSERT INTO accounts.contract
          (id, recorded_at, account_id, external_id, start_on, end_on, term_months, auto_renew,
           notice_days, seats, mrr_cents, currency, ended_on, outcome, end_reason,
           digest)
        SELECT id, recorded_at, account_id, external_id, start_on, end_on, term_months, auto_renew,
          notice_days, seats, mrr_cents, currency, ended_on, outcome, end_reason, digest
        FROM jsonb_populate_recordset(NULL::accounts.contract, $1) ORDER BY id, recorded_at""",
    "ticket": """
        INSERT INTO accounts.ticket
          (id, recorded_at, account_id, opened_at, severity, ticket_class, channel,
           first_reply_at, resolved_at, digest)
        SELECT id, recorded_at, account_id, opened_at, severity, ticket_class, channel,
          first_reply_at, resolved_at, digest
        FROM jsonb_populate_recordset(NULL::accounts.ticket, $1) ORDER BY id, recorded_at""",
}


async def one_at_a_time(conn: Conn) -> None:
    """One transaction at a time writes a tenant's accounts: what it looked up stays true."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('accounts', 0)"
        " # hashtextextended(current_setting('tenure.tenant'), 0))"
    )


async def known(conn: Conn, kind: Kind, candidates: Sequence[Candidate[Any]]) -> list[Version]:
    """The versions to compare a batch with: those in force at its rows, and all later ones."""
    since: dict[str, datetime] = {}
    for version in (candidate.version for candidate in candidates):
        since[version.id] = min(version.recorded_at, since.get(version.id, version.recorded_at))
    ids = list(since) if kind == "ticket" else [UUID(key) for key in since]
    rows = await conn.fetch(KNOWN[kind], ids, list(since.values()))
    return [to(Version, row) for row in rows]


async def add(conn: Conn, kind: Kind, fresh: Sequence[Candidate[Any]]) -> None:
    """Keep new versions."""
    records = [
        msgspec.structs.asdict(new.row)
        | {
            "id": new.version.id,
            "account_id": new.version.owner,
            "digest": "\\x" + new.version.digest.hex(),
        }
        for new in fresh
    ]
    await conn.execute(ADD[kind], records)
