"""Accounts: by id, by their names elsewhere, and page by page."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from services.accounts.domain.accounts import Account, AccountFilter, AccountOrder, ExternalId
from services.accounts.rows import AccountRow
from shared.intake.of_account import AccountName
from shared.platform.db import Conn, to
from shared.vocabulary import paging

# The conditions repeat because each order has its own keyset and its own index.
PAGES: dict[AccountOrder, str] = {
    AccountOrder.NAME: """
        SELECT id, name_key AS key FROM accounts.account_now
        WHERE ($1::text IS NULL OR strpos(name_key, lower($1 COLLATE pg_c_utf8)) > 0)
          AND ($2::text IS NULL OR $2 = ANY (tags))
          AND ($3::uuid[] IS NULL OR id = ANY ($3))
          AND ($4::text IS NULL OR (name_key, id) > ($4, $5::uuid))
        ORDER BY name_key, id LIMIT $6""",
    AccountOrder.CREATED: """
        SELECT id, created_at AS key FROM accounts.account_now
        WHERE ($1::text IS NULL OR strpos(name_key, lower($1 COLLATE pg_c_utf8)) > 0)
          AND ($2::text IS NULL OR $2 = ANY (tags))
          AND ($3::uuid[] IS NULL OR id = ANY ($3))
          AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $6""",
    AccountOrder.ID: """
        SELECT id, id AS key FROM accounts.account_now
        WHERE ($1::text IS NULL OR strpos(name_key, lower($1 COLLATE pg_c_utf8)) > 0)
          AND ($2::text IS NULL OR $2 = ANY (tags))
          AND ($3::uuid[] IS NULL OR id = ANY ($3))
          AND ($4::uuid IS NULL OR (id, id) > ($4, $5::uuid))
        ORDER BY id LIMIT $6""",
}
KEYS: dict[AccountOrder, type] = {
    AccountOrder.NAME: str,
    AccountOrder.CREATED: datetime,
    AccountOrder.ID: UUID,
}


async def accounts(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Account]:
    """Accounts as they were known; those not known yet are absent."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (id) * FROM accounts.account"
        " WHERE id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY id, recorded_at DESC",
        account_ids,
        as_of,
    )
    return {row["id"]: to(Account, row) for row in rows}


async def external_ids(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[ExternalId]]:
    """What other systems called each account; accounts without such names are absent."""
    rows = await conn.fetch(
        "SELECT account_id, source, external_id FROM accounts.external_id"
        " WHERE account_id = ANY ($1) AND recorded_at <= coalesce($2, 'infinity'::timestamptz)"
        " ORDER BY source, external_id",
        account_ids,
        as_of,
    )
    names: dict[UUID, list[ExternalId]] = defaultdict(list)
    for row in rows:
        names[row["account_id"]].append(to(ExternalId, row))
    return dict(names)


async def accounts_called(
    conn: Conn, names: list[ExternalId], as_of: datetime | None = None
) -> dict[ExternalId, UUID]:
    """Which account each external name belonged to; unknown names are absent."""
    rows = await conn.fetch(
        "SELECT e.source, e.external_id, e.account_id"
        " FROM unnest($1::text[], $2::text[]) AS g (source, external_id)"
        " JOIN accounts.external_id AS e USING (source, external_id)"
        " WHERE e.recorded_at <= coalesce($3, 'infinity'::timestamptz)",
        [name.source for name in names],
        [name.external_id for name in names],
        as_of,
    )
    return {to(ExternalId, row): row["account_id"] for row in rows}


async def accounts_named(conn: Conn, names: list[AccountName]) -> list[UUID | None]:
    """The account that each name belongs to, in order."""
    externals = [ExternalId(name.source, name.id) for name in names]
    accounts = await accounts_called(conn, externals)
    return [accounts.get(external) for external in externals]


async def account_called(
    conn: Conn, external_id: ExternalId, as_of: datetime | None = None
) -> UUID | None:
    """The account another system called so; None if there was none."""
    return (await accounts_called(conn, [external_id], as_of)).get(external_id)


async def account_page(
    conn: Conn,
    filter: AccountFilter,
    order: AccountOrder,
    first: int | None = None,
    after: str | None = None,
) -> paging.Page[UUID]:
    """The ids of a page of all accounts as they are now; CREATED puts the newest first."""
    window = paging.window(first, after, KEYS[order], UUID)
    ids = None
    if filter.external_id is not None:
        ids = list((await accounts_called(conn, [filter.external_id])).values())
    rows = await conn.fetch(PAGES[order], filter.name_contains, filter.tag, ids, *window.bounds)
    cursors = [paging.cursor(row["key"], row["id"]) for row in rows]
    return paging.page([row["id"] for row in rows], window.size, cursors)


async def existing(conn: Conn, account_ids: Iterable[UUID]) -> set[UUID]:
    """Which of the accounts there are."""
    rows = await conn.fetch(
        "SELECT id FROM accounts.account_now WHERE id = ANY ($1)", list(account_ids)
    )
    return {row["id"] for row in rows}


async def add_names(conn: Conn, names: Mapping[ExternalId, AccountRow]) -> None:
    """Save new names of accounts, known since their row was; a name never changes its account."""
    await conn.execute(
        "INSERT INTO accounts.external_id (source, external_id, account_id, recorded_at)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[])"
        " ON CONFLICT DO NOTHING",
        [name.source for name in names],
        [name.external_id for name in names],
        [row.id for row in names.values()],
        [row.recorded_at for row in names.values()],
    )


async def refresh(conn: Conn, account_ids: Iterable[UUID]) -> None:
    """Bring the list of accounts up to the newest versions."""
    await conn.execute(
        "INSERT INTO accounts.account_now (id, name, tags, created_at)"
        " SELECT DISTINCT ON (id) id, name, tags, created_at FROM accounts.account"
        " WHERE id = ANY ($1) ORDER BY id, recorded_at DESC"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET"
        " name = EXCLUDED.name, tags = EXCLUDED.tags, created_at = EXCLUDED.created_at",
        list(account_ids),
    )
