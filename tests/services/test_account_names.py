"""Every kind of row that names an account by its id may call it as another system does, and is
the same row: nobody needs a second pass to learn ids."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import msgspec
import pytest

from services.billing.app import SERVICE as BILLING
from services.usage.domain.events import EventRow
from shared.intake.of_account import OfAccount
from shared.intake.rows import BulkRoute
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.service import Service, build
from tests.conftest import DatabaseOf
from tests.processes import serving
from tests.services.examples import SERVICES, TABLES, account, prepare, route_of
from tests.services.test_hostile_rows import ARRAY, ROUTES, Door, Row, doors, good

CRM = {"source": "crm", "id": "0"}
NOBODY = {"source": "crm", "id": "nobody"}
SAME = {"accepted": "duplicate", "duplicate": "duplicate", "pending": "pending"}
NAMING = [(service, route) for service, route in ROUTES if "account_id" in vars(route.row)]
each_kind = pytest.mark.parametrize(
    ("service", "route"), NAMING, ids=[route.name for _, route in NAMING]
)


def field_of(route: BulkRoute) -> str:
    """The field in which rows of this kind call their account by a name."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(route.row)}
    return names.get("account_name", "externalId")


def test_every_row_that_names_an_account_takes_a_name() -> None:
    assert len(NAMING) >= 8
    for _, route in NAMING:
        assert issubclass(route.row, OfAccount | EventRow), route.name


@pytest.fixture
async def door(
    settings: Settings, database: DatabaseOf, principal: Principal
) -> AsyncGenerator[Door]:
    """All services, and an account with a name of the CRM's."""
    for table in TABLES:
        await prepare(database, principal, table, [0])
    async with doors(settings, principal) as door:
        named = {"id": account(0), "externalId": CRM}
        await send(door, SERVICES["accounts"], route_of(TABLES[0]), named)
        await heard_of(door)
        yield door


async def heard_of(door: Door) -> None:
    """Until usage knows the account by its name; an event would wait for it before."""
    (service, route) = next(each for each in NAMING if each[1].name == "events")
    fields = {key: value for key, value in good(route).items() if key != "accountId"}
    probe = fields | {"id": "probe", "externalId": CRM}
    (receipt,) = await send(door, service, route, probe)
    while receipt["status"] == "pending":
        await asyncio.sleep(0.05)
        (receipt,) = await send(door, service, route, probe)


async def send(
    door: Door, service: Service, route: BulkRoute, *rows: dict[str, Any]
) -> list[dict[str, Any]]:
    texts = [Row(msgspec.json.encode(row).decode()) for row in rows]
    status, answer = await door.send(service, route, texts, ARRAY)
    assert status == 202, answer
    return answer["receipts"]


@each_kind
async def test_a_name_and_an_id_give_the_same_row(
    door: Door, service: Service, route: BulkRoute
) -> None:
    field = field_of(route)
    for first, second in (("accountId", field), (field, "accountId")):
        rest = {key: value for key, value in good(route).items() if key != "accountId"}
        rest |= {"externalId": "x1"} if field != "externalId" else {}
        by = {"accountId": rest | {"accountId": account(0)}, field: rest | {field: CRM}}
        receipts = await send(door, service, route, by[first], by[first] | {field: None})
        while receipts[0]["status"] == "pending":  # until usage has heard of the account
            await asyncio.sleep(0.05)
            receipts = await send(door, service, route, by[first])
        (again,) = await send(door, service, route, by[second])
        assert receipts[0]["status"] in ("accepted", "duplicate"), receipts
        assert (again["status"], again["id"]) == ("duplicate", receipts[0]["id"])


@each_kind
async def test_a_name_that_nobody_knows_is_refused_by_its_field_and_costs_no_neighbour(
    door: Door, service: Service, route: BulkRoute
) -> None:
    field = field_of(route)
    fine = good(route)
    rest = {key: value for key, value in good(route).items() if key != "accountId"}
    both = good(route) | {"accountId": account(0), field: CRM}
    receipts = await send(door, service, route, fine, rest | {field: NOBODY}, rest, both)

    waits = issubclass(route.row, EventRow)
    expected = ["pending" if waits else "rejected", "rejected", "rejected"]
    assert [each["status"] for each in receipts[1:]] == expected
    assert receipts[0]["status"] in ("accepted", "late", "pending", "duplicate")
    fields = [None if waits else field, "accountId", field]
    assert [each.get("field") for each in receipts[1:]] == fields


async def test_without_accounts_only_rows_with_an_unknown_name_wait(
    settings: Settings, principal: Principal
) -> None:
    (invoices,) = [route for service, route in ROUTES if route.name == "invoices"]
    port = settings.service_port("billing")
    async with serving(build(BILLING, settings), port), aiohttp.ClientSession() as session:
        door = Door(settings, session, principal)
        by_id = good(invoices)
        by_name = {key: value for key, value in by_id.items() if key != "accountId"}
        text = msgspec.json.encode(by_name | {"externalId": CRM}).decode()
        assert (await door.send(BILLING, invoices, [Row(text)], ARRAY))[0] == 503
        (receipt,) = await send(door, BILLING, invoices, by_id)
        assert receipt["status"] == "accepted"
