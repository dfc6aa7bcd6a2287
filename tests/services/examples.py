"""A row for every table of versions: a thing by its number, with values by another one."""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import services
from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.usage.app import SERVICE as USAGE
from shared.intake.rows import BulkRoute
from shared.intake.versioned import Versioned
from shared.platform.auth import Principal
from tests.conftest import DatabaseOf
from tests.examples import send

Json = dict[str, Any]

SPACE = UUID(int=7)
SERVICES = {service.name: service for service in (ACCOUNTS, BILLING, LEARNING, USAGE)}
FOLDERS = sorted(Path(services.__file__ or "").parent.glob("*/store/tables.py"))
TABLES: list[Versioned[Any]] = [
    table
    for folder in FOLDERS
    for table in vars(import_module(f"services.{folder.parent.parent.name}.store.tables")).values()
    if isinstance(table, Versioned)
]


def schema_of(table: Versioned[Any]) -> str:
    return table.relation.partition(".")[0]


def route_of(table: Versioned[Any]) -> BulkRoute:
    """The bulk route by which rows of the table come."""
    routes = chain(*SERVICES[schema_of(table)].bulk_routes.values())
    (route,) = [each for each in routes if each.row is table.row]
    return route


def account(number: int) -> str:
    """The account that owns a thing."""
    return str(uuid5(SPACE, f"account {number}"))


def _account(number: int, value: int) -> Json:
    return {"id": account(number), "name": f"name {value}"}


def _member(number: int, value: int) -> Json:
    row = {"accountId": account(number), "externalId": f"m{number}"}
    return row | {"email": f"{value}@example.com"}


def _contract(number: int, value: int) -> Json:
    row = {"accountId": account(number), "externalId": f"c{number}", "startOn": "2024-01-01"}
    return row | {"termMonths": 12, "autoRenew": False, "seats": value}


def _ticket(number: int, value: int) -> Json:
    row = {"id": f"t{number}", "accountId": account(number), "openedAt": "2025-01-01T00:00:00Z"}
    return row | {"severity": "normal", "ticketClass": "bug", "channel": f"channel {value}"}


def _subscription(number: int, value: int) -> Json:
    row = {"id": f"s{number}", "accountId": account(number), "plan": "team", "interval": "week"}
    price = {"quantity": 3, "unitPriceCents": value, "currency": "EUR", "discountShare": 1 / 3}
    return row | price | {"startedAt": "2025-01-01T00:00:00Z"}


def _invoice(number: int, value: int) -> Json:
    row = {"id": f"i{number}", "accountId": account(number), "amountCents": value}
    return row | {"currency": "EUR", "issuedAt": "2025-01-01T00:00:00Z", "dueOn": "2025-01-31"}


def _payment(number: int, value: int) -> Json:
    row = {"id": f"p{number}", "accountId": account(number), "invoiceId": "i1", "succeeded": False}
    return row | {"attemptedAt": "2025-01-01T00:00:00Z", "declineCode": f"code {value}"}


def _payment_method(number: int, value: int) -> Json:
    row = {"accountId": account(number), "validFrom": "2025-01-01T00:00:00+01:00"}
    return row | {"method": f"method {value}"}


def _course(number: int, value: int) -> Json:
    row = {"code": f"course {number}", "title": f"title {value}", "minutes": 20, "level": 1}
    return row | {"skill": "reporting", "modality": "video", "roles": ["admin", "analyst"]}


def _progress(number: int, value: int) -> Json:
    row = {"id": f"p{number}", "accountId": account(number), "courseCode": "basics"}
    member = {"memberId": str(uuid5(SPACE, f"member {number}")), "kind": "assessed"}
    return row | member | {"occurredAt": "2025-01-01T00:00:00Z", "score": 1 / (value + 1)}


def _described(number: int, value: int) -> Json:
    return {"key": f"k{number}", "title": f"title {value}", "plans": ["team", "pro", "team"]}


def _use_case(number: int, value: int) -> Json:
    row = {"key": f"k{number}", "job": f"job {value}", "coreAction": "report"}
    return row | {"naturalFrequencyDays": 7}


def _milestone(number: int, value: int) -> Json:
    row = {"key": f"k{number}", "title": f"title {value}", "features": ["report"]}
    return row | {"weight": 0.1, "order": 3}


def _manual_rule(number: int, value: int) -> Json:
    row = {"key": f"k{number}", "feature": "report", "atLeast": 2, "within": "day"}
    return row | {"suggests": f"words {value}"}


ROWS: dict[str, Callable[[int, int], Json]] = {
    "accounts.account": _account,
    "accounts.member": _member,
    "accounts.contract": _contract,
    "accounts.ticket": _ticket,
    "billing.subscription": _subscription,
    "billing.invoice": _invoice,
    "billing.payment": _payment,
    "billing.payment_method": _payment_method,
    "learning.course": _course,
    "learning.progress": _progress,
    "usage.described": _described,
    "usage.use_case": _use_case,
    "usage.milestone": _milestone,
    "usage.manual_rule": _manual_rule,
}

# Of row 0 with values 0, of tenant 11: as they were before tables were declared.
DIGESTS = {
    "accounts.account": "3591ff1b52de770a1c2a6d58bf576a91",
    "accounts.member": "c5b89ad2dd07a3bbc5f9c84ccab45f21",
    "accounts.contract": "3dd1fdfbe5a7142895222d26ccafb040",
    "accounts.ticket": "d69902495fccbf4a74ba92b4d0819da6",
    "billing.subscription": "89b4413e869a430c74cfc79bdabba77e",
    "billing.invoice": "a18e61ea16d3cc2757ae56121b5eb9dd",
    "billing.payment": "2f4be59789a43453f60e18e958d50f46",
    "billing.payment_method": "5af12cb700c19c272dc316e3629c7530",
    "learning.course": "fca5b465b8d31b9fe7a99e169c487e0a",
    "learning.progress": "8f3efe87d3cf628f9f91d9922157e573",
    "usage.described": "16157cbc7bd03a93fcc6809c1eed5adf",
    "usage.use_case": "6db6fb7693be616534b4d6416c23c9bf",
    "usage.milestone": "996adebe337cdc9c8a2ae0e363c14816",
    "usage.manual_rule": "a08dbb887786dea396f62afa316d5250",
}


async def prepare(
    database: DatabaseOf, who: Principal, table: Versioned[Any], things: Sequence[int]
) -> None:
    """What rows about these things need to be there first."""
    rows: list[Json] = []
    first = next(each for each in TABLES if schema_of(each) == schema_of(table))
    if table.relation in ("accounts.member", "accounts.contract", "accounts.ticket"):
        rows = [_account(number, 0) for number in things]
    elif table.relation == "learning.progress":
        rows = [_course(0, 0) | {"code": "basics"}]
    if rows:
        await send(await database(schema_of(table)), who, route_of(first), *rows)
