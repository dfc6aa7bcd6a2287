"""Contracts: the open one, all of them, and where an account stands with them."""

from datetime import date, datetime
from uuid import UUID

from services.accounts.domain.contracts import Contract, Standing
from shared.platform.db import Conn, to
from shared.vocabulary import paging


async def contracts(
    conn: Conn, contract_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Contract]:
    """Contracts as they were known; those not known yet are absent."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (id) *, accounts.renewal_on(
          (coalesce($2, now()) AT TIME ZONE 'UTC')::date,
          start_on, end_on, term_months, auto_renew, ended_on, outcome) AS renewal_on
        FROM accounts.contract
        WHERE id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
        ORDER BY id, recorded_at DESC""",
        contract_ids,
        as_of,
    )
    return {row["id"]: to(Contract, row) for row in rows}


async def open_contracts(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Contract]:
    """Each account's running contract, of several the latest begun; absent without one."""
    rows = await conn.fetch(
        """
        WITH known AS (
          SELECT DISTINCT ON (account_id, id) *,
            (coalesce($2, now()) AT TIME ZONE 'UTC')::date AS day
          FROM accounts.contract
          WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
          ORDER BY account_id, id, recorded_at DESC
        )
        SELECT DISTINCT ON (account_id) *, accounts.renewal_on(
          day, start_on, end_on, term_months, auto_renew, ended_on, outcome) AS renewal_on
        FROM known
        WHERE start_on <= day AND accounts.closes_on(end_on, auto_renew, ended_on, outcome) > day
        ORDER BY account_id, start_on DESC, id""",
        account_ids,
        as_of,
    )
    return {row["account_id"]: to(Contract, row) for row in rows}


async def contract_pages(
    conn: Conn,
    account_ids: list[UUID],
    first: int | None = None,
    after: str | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, paging.Page[Contract]]:
    """A page of each account's contracts, latest begun first."""
    window = paging.window(first, after, date, UUID)
    rows = await conn.fetch(
        """
        WITH known AS (
          SELECT DISTINCT ON (account_id, id) *,
            (coalesce($2, now()) AT TIME ZONE 'UTC')::date AS day
          FROM accounts.contract
          WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
          ORDER BY account_id, id, recorded_at DESC
        ), placed AS (
          SELECT *,
            row_number() OVER (PARTITION BY account_id ORDER BY start_on DESC, id DESC) AS place
          FROM known WHERE $3::date IS NULL OR (start_on, id) < ($3, $4::uuid)
        )
        SELECT *, accounts.renewal_on(
          day, start_on, end_on, term_months, auto_renew, ended_on, outcome) AS renewal_on
        FROM placed WHERE place <= $5 ORDER BY account_id, place""",
        account_ids,
        as_of,
        *window.bounds,
    )
    contracts = [(row["account_id"], to(Contract, row)) for row in rows]
    return window.pages(account_ids, contracts, lambda contract: (contract.start_on, contract.id))


async def standings(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Standing]:
    """Where each account stands with its contracts; accounts that never signed one are absent."""
    rows = await conn.fetch(
        """
        WITH known AS (
          SELECT DISTINCT ON (account_id, id) *,
            (coalesce($2, now()) AT TIME ZONE 'UTC')::date AS day,
            accounts.closes_on(end_on, auto_renew, ended_on, outcome) AS closes_on
          FROM accounts.contract
          WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)
          ORDER BY account_id, id, recorded_at DESC
        )
        SELECT account_id, day, min(start_on) AS first_start_on, max(closes_on) AS closes_on,
          (array_agg(
            accounts.renewal_on(day, start_on, end_on, term_months, auto_renew, ended_on, outcome)
            ORDER BY start_on DESC, id
          ) FILTER (WHERE start_on <= day AND closes_on > day))[1] AS renewal_on
        FROM known GROUP BY account_id, day""",
        account_ids,
        as_of,
    )
    return {row["account_id"]: to(Standing, row) for row in rows}
