"""Members: known by their external id within the account, kept as versions, listed by account."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from services.accounts.actions.members import MEMBERS, members_upsert
from services.accounts.store import members
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.ids import global_id
from tests.services.accounts.examples import a_member, an_account, ids_of, send, statuses


async def test_an_external_id_names_one_member_of_its_account(db: Database, principal: Principal):
    here, there = await an_account(db, principal), await an_account(db, principal)
    first = await a_member(db, principal, here, externalId="u1", level=1)
    again = await a_member(db, principal, here, externalId="u1", level=2)
    other = await a_member(db, principal, there, externalId="u1")

    assert first == again == uuid5(here, "member\0u1")
    assert other != first
    async with db.read(principal.tenant_id) as conn:
        rows = await members.members(conn, [first])
    assert rows[first].level == 2
    assert rows[first].started_at <= rows[first].recorded_at


async def test_an_account_may_be_named_by_uuid_or_global_id(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    row = {"externalId": "u1", "role": "admin"}
    receipts = await send(
        db,
        principal,
        MEMBERS,
        {"accountId": str(account_id), **row},
        {"accountId": global_id("Account", account_id), **row},
    )
    assert statuses(receipts) == ["accepted", "duplicate"]


async def test_members_come_page_by_page_and_may_be_narrowed(db: Database, principal: Principal):
    account_id = await an_account(db, principal)
    rows = [
        {
            "accountId": str(account_id),
            "externalId": f"u{day}",
            "role": "admin" if day == 2 else "user",
            "startedAt": f"2024-01-0{day}T00:00:00Z",
            "endedAt": f"2024-02-0{day}T00:00:00Z" if day == 1 else None,
        }
        for day in (1, 2, 3)
    ]
    first, second, third = [UUID(key) for key in await ids_of(db, principal, MEMBERS, *rows)]

    async with db.read(principal.tenant_id) as conn:

        async def listed(**narrowed: object) -> list[UUID]:
            pages = await members.member_pages(conn, [account_id], **narrowed)  # type: ignore[arg-type]
            return [member.id for member in pages[account_id].items]

        page = (await members.member_pages(conn, [account_id], 2))[account_id]
        assert [member.id for member in page.items] == [first, second]
        assert page.has_next
        assert await listed(after=page.cursors[-1]) == [third]
        assert await listed(role="admin") == [second]
        assert await listed(active=True) == [second, third]
        assert await listed(active=False) == [first]
        assert await listed(as_of=datetime(2024, 1, 2, tzinfo=UTC)) == []


async def test_every_member_of_a_mutation_gets_a_receipt(db: Database, principal: Principal):
    account_id = str(await an_account(db, principal))
    async with db.write(principal.tenant_id) as conn:
        receipts = await members_upsert(
            conn,
            [
                {"accountId": account_id, "email": "a@b.example"},
                {"accountId": account_id, "level": 5},
                {
                    "accountId": account_id,
                    "startedAt": "2024-02-01T00:00:00Z",
                    "endedAt": "2024-01-01T00:00:00Z",
                },
            ],
            principal,
        )
    assert [(r.row, r.status, r.field) for r in receipts] == [
        (0, "accepted", None),
        (1, "rejected", "level"),
        (2, "rejected", "endedAt"),
    ]
