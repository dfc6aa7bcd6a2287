"""Accounts: known by their names elsewhere, kept as versions, listed page by page."""

from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import pytest

from services.accounts.actions.accounts import ACCOUNTS, account_upsert
from services.accounts.domain.accounts import AccountFilter, AccountOrder, ExternalId
from services.accounts.store import accounts
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.vocabulary.errors import Conflict, InvalidInput
from tests.services.accounts.examples import an_account, ids_of, send, statuses

CRM_7 = {"source": "crm", "id": "7"}


async def test_an_external_id_names_one_account_for_ever(db: Database, principal: Principal):
    (first,) = await ids_of(db, principal, ACCOUNTS, {"name": "Acme", "externalId": CRM_7})
    (again,) = await ids_of(db, principal, ACCOUNTS, {"name": "Acme Ltd", "externalId": CRM_7})

    assert first == again == str(uuid5(principal.tenant_id, "crm\x007"))
    async with db.read(principal.tenant_id) as conn:
        rows = await accounts.accounts(conn, [UUID(first)])
        assert await accounts.account_called(conn, ExternalId("crm", "7")) == UUID(first)
    assert rows[UUID(first)].name == "Acme Ltd"


async def test_the_same_row_again_is_a_duplicate_and_adds_nothing(
    db: Database, principal: Principal
):
    row = {"name": "Acme", "externalId": CRM_7, "tags": ["vip"], "traits": {"region": "north"}}
    receipts = await send(db, principal, ACCOUNTS, row, row)
    receipts += await send(db, principal, ACCOUNTS, row)

    assert statuses(receipts) == ["accepted", "duplicate", "duplicate"]
    async with db.read(principal.tenant_id) as conn:
        assert await conn.fetchval("SELECT count(*) FROM accounts.account") == 1


async def test_a_second_name_is_added_and_cannot_be_taken_away(db: Database, principal: Principal):
    account_id = await an_account(db, principal, externalId=CRM_7)
    erp = {"source": "erp", "id": "A-1"}
    same = {"id": str(account_id), "name": "Acme"}

    assert statuses(await send(db, principal, ACCOUNTS, same | {"externalId": erp})) == ["accepted"]
    (taken_away,) = await send(
        db, principal, ACCOUNTS, {"id": str(uuid4()), "name": "Other", "externalId": erp}
    )

    assert (taken_away.status, taken_away.field) == ("conflict", "externalId")
    async with db.read(principal.tenant_id) as conn:
        names = await accounts.external_ids(conn, [account_id])
    assert names == {account_id: [ExternalId("crm", "7"), ExternalId("erp", "A-1")]}


async def test_a_name_joins_without_a_word_about_the_rest(db: Database, principal: Principal):
    whole = {"name": "Acme", "externalId": CRM_7, "tags": ["vip"], "traits": {"region": "north"}}
    (account_id,) = await ids_of(db, principal, ACCOUNTS, whole)
    erp, desk = {"source": "erp", "id": "A-1"}, {"source": "desk", "id": "9"}
    other = {"source": "erp", "id": "B-2"}
    await send(db, principal, ACCOUNTS, {"name": "Other", "externalId": other})

    receipts = await send(
        db, principal, ACCOUNTS,
        {"externalId": CRM_7, "externalIds": [erp, desk]},
        {"id": account_id, "externalId": erp},
        {"externalId": CRM_7, "externalIds": [{"source": "new", "id": "1"}, other]},
        {"externalId": {"source": "crm", "id": "8"}},
        {"externalId": CRM_7, "tags": []},
        {"externalId": CRM_7, "tags": ["x"]},
        {"id": str(uuid4()), "externalId": {"source": "crm", "id": "9"}},
        {"id": account_id},
    )  # fmt: skip

    assert statuses(receipts) == [
        "accepted", "duplicate", "conflict", "rejected", "duplicate", *["rejected"] * 3
    ]  # fmt: skip
    assert {each.field for each in receipts if each.status == "rejected"} == {"name"}
    async with db.read(principal.tenant_id) as conn:
        key = UUID(account_id)
        account = (await accounts.accounts(conn, [key]))[key]
        names = (await accounts.external_ids(conn, [key]))[key]
        assert await conn.fetchval("SELECT count(*) FROM accounts.external_id") == 4
    assert (account.tags, account.traits) == (["vip"], {"region": "north"})
    assert [name.source for name in names] == ["crm", "desk", "erp"]


async def test_a_whole_row_may_bring_several_names(db: Database, principal: Principal):
    names = [{"source": "crm", "id": "7"}, {"source": "erp", "id": "A-1"}]
    row = {"name": "Acme", "externalIds": names}
    (first, again) = await send(db, principal, ACCOUNTS, row, row | {"externalIds": names[1:]})

    assert (first.status, again.status) == ("accepted", "duplicate")
    assert first.id == again.id == str(uuid5(principal.tenant_id, "crm\x007"))


async def test_a_correction_leaves_what_was_known_before_as_it_was(
    db: Database, principal: Principal
):
    account_id = await an_account(db, principal, name="Old", recordedAt="2024-03-01T00:00:00Z")
    await an_account(
        db, principal, id=str(account_id), name="New", recordedAt="2024-06-01T00:00:00Z"
    )

    async def name_at(moment: datetime | None) -> str | None:
        async with db.read(principal.tenant_id) as conn:
            account = (await accounts.accounts(conn, [account_id], moment)).get(account_id)
        return account.name if account else None

    assert await name_at(datetime(2024, 2, 1, tzinfo=UTC)) is None
    assert await name_at(datetime(2024, 5, 31, tzinfo=UTC)) == "Old"
    assert await name_at(datetime(2024, 6, 1, tzinfo=UTC)) == "New"
    assert await name_at(None) == "New"


async def test_history_may_arrive_late_and_in_any_order(db: Database, principal: Principal):
    key = str(uuid4())
    june = {"id": key, "name": "June", "recordedAt": "2024-06-01T00:00:00Z"}
    march = {"id": key, "name": "March", "recordedAt": "2024-03-01T00:00:00Z"}

    assert statuses(await send(db, principal, ACCOUNTS, june)) == ["accepted"]
    assert statuses(await send(db, principal, ACCOUNTS, june, march)) == ["duplicate", "accepted"]

    async with db.read(principal.tenant_id) as conn:
        page = await accounts.account_page(conn, AccountFilter("june"), AccountOrder.NAME)
    assert page.items == [UUID(key)]


BAD = [
    ({"name": ""}, "name"),
    ({}, "name"),
    ({"name": "A", "intendedUsers": -1}, "intendedUsers"),
    ({"name": "A", "traits": {"nested": {}}}, "traits"),
    ({"name": "A", "traits": {"huge": 10**30}}, "traits"),
    ({"name": "A", "externalId": {"source": "crm"}}, "externalId.id"),
    ({"name": "A", "createdAt": "0001-01-01T00:00:00+14:00"}, "createdAt"),
    ({"name": "A", "createdAt": "2024-01-01T00:00:00"}, "createdAt"),
    ({"name": "A", "colour": "red"}, "colour"),
]


async def test_a_bad_row_is_refused_by_name_and_its_neighbours_are_taken(
    db: Database, principal: Principal
):
    *bad, good = await send(db, principal, ACCOUNTS, *(row for row, _ in BAD), {"name": "Good"})

    assert [(receipt.status, receipt.field) for receipt in bad] == [
        ("rejected", field) for _, field in BAD
    ]
    assert good.status == "accepted"


async def test_a_mutation_goes_the_way_of_a_batch_of_one(db: Database, principal: Principal):
    async with db.write(principal.tenant_id) as conn:
        account = await account_upsert(conn, {"name": "Acme", "externalId": CRM_7}, principal)
        assert await account_upsert(conn, {"name": "B", "externalId": CRM_7}, principal) == account
        with pytest.raises(InvalidInput, match="name: "):
            await account_upsert(conn, {"name": 3}, principal)
        with pytest.raises(Conflict, match="externalId: "):
            await account_upsert(
                conn, {"id": str(uuid4()), "name": "B", "externalId": CRM_7}, principal
            )


async def test_pages_cover_every_account_once(db: Database, principal: Principal):
    names = ["beta", "Alpha", "ÉCLAIR", "alpha", "Zeta", "éclair"]
    rows = [
        {"name": name, "createdAt": f"2024-01-0{number % 3 + 1}T00:00:00Z"}
        for number, name in enumerate(names)
    ]
    await ids_of(db, principal, ACCOUNTS, *rows)
    async with db.read(principal.tenant_id) as conn:
        for order in AccountOrder:
            account_ids = await walked(conn, order)
            by_id = await accounts.accounts(conn, account_ids)
            listed = [by_id[account_id] for account_id in account_ids]
            keys = {
                AccountOrder.NAME: [account.name.lower() for account in listed],
                AccountOrder.CREATED: [-account.created_at.timestamp() for account in listed],
                AccountOrder.ID: [str(account_id) for account_id in account_ids],
            }[order]
            assert len(set(account_ids)) == len(names)
            assert keys == sorted(keys)


async def walked(conn: Conn, order: AccountOrder) -> list[UUID]:
    """Every id, four at a time."""
    account_ids: list[UUID] = []
    page = await accounts.account_page(conn, AccountFilter(), order, 4)
    while page.has_next:
        account_ids += page.items
        page = await accounts.account_page(conn, AccountFilter(), order, 4, page.cursors[-1])
    return account_ids + page.items


async def test_a_list_is_narrowed_by_name_tag_and_external_id(db: Database, principal: Principal):
    first, second = await ids_of(
        db,
        principal,
        ACCOUNTS,
        {"name": "Éclair 100%", "tags": ["vip", "north"]},
        {"name": "Beta", "tags": ["north"], "externalId": CRM_7},
    )

    async def names_of(**narrowed: object) -> list[str]:
        async with db.read(principal.tenant_id) as conn:
            page = await accounts.account_page(conn, AccountFilter(**narrowed), AccountOrder.NAME)  # type: ignore[arg-type]
        return [str(account_id) for account_id in page.items]

    assert await names_of(name_contains="éCLAIR") == [first]
    assert await names_of(name_contains="%") == [first]
    assert await names_of(tag="north") == [second, first]
    assert await names_of(tag="vip", name_contains="beta") == []
    assert await names_of(external_id=ExternalId("crm", "7")) == [second]
    assert await names_of(external_id=ExternalId("crm", "8")) == []
