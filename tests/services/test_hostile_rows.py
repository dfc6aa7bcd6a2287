"""Whatever a row holds, on whatever route: it costs itself only, never its neighbours."""

import gzip
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from itertools import count, islice
from typing import Any

import aiohttp
import msgspec
import pytest

from shared.intake.rows import BulkRoute
from shared.platform import auth
from shared.platform.auth import Principal, Signer
from shared.platform.config import Settings
from shared.process.service import Service, build
from tests.conftest import DatabaseOf
from tests.processes import serving
from tests.services.examples import ROWS, SERVICES, TABLES, account, prepare, route_of

ARRAY, LINES, ZIPPED = "application/json", "application/x-ndjson", "gzip"
AGO = "2026-11-01T09:30:00Z"
ROUTES = [
    (service, route)
    for service in SERVICES.values()
    for routes in service.bulk_routes.values()
    for route in routes
]
TABLE = {route_of(table).name: table for table in TABLES}
NUMBERS = count()


def good(route: BulkRoute) -> dict[str, Any]:
    """A row of its own, of account 0 where many rows may be."""
    number = next(NUMBERS)
    if route.name not in TABLE:
        return {"id": f"e{number}", "accountId": account(0), "feature": "f", "occurredAt": AGO}
    row = ROWS[TABLE[route.name].relation](number, 0)
    owned = "accountId" in row and route.name != "payment-methods"
    return {**row, "accountId": account(0)} if owned else row


MOMENTS = [
    f'"{day}T{clock}{zone}"'
    for day, clock in (("0001-01-01", "00:00:00"), ("9999-12-31", "23:59:59"),
                       ("1899-12-31", "23:59:59.9999999"), ("2199-12-31", "23:59:59.9999999"))
    for zone in ("Z", "+14:00", "-14:00", "", "+24:00")
]  # fmt: skip
HOSTILE = [
    *MOMENTS,
    "null", "true", "0", "-1", "-0", "0.5", "1e308", "1e400", "-1e400", "5e-324", "NaN",
    "Infinity", "2147483648", f"{2**63}", f"{-(2**63) - 1}", "9" * 400, "9" * 5_000,
    '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u001f"',
    f'"{"x" * 3_000}"', f'"{"☃" * 3_000}"', f'"{"x" * 40_000}"', '"$1; --\'"', '"-infinity"',
    '"infinity"', '"2026-02-30"', '"0001-01-01"', '"9999-12-31"', '"24:00"', '"{}"',
    "{}", "[]", "[null]", "[[]]", '{"a":{"a":1}}', '["", ""]', '{"source":"s"}',
    '{"source":"\\u0000","id":"1"}', '{"":null}', '{"\\u0000":1}', '{"a":1,"a":2}',
    "[" * 500 + "]" * 500, "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000,
]  # fmt: skip


INTERNAL = re.compile(
    r"\^|\\d|\\w|\[A-Z|regex|[Pp]ython|Traceback|Error\b|Struct|msgspec|datetime\.|`|NoneType|dict|\bNone\b"
    r"|\b(?:int|str|float|bool)\b|\w+Row\b"
)
"""What no message may hold: the words of those who wrote the program."""


class Row(msgspec.Struct):
    """A row as text, and whether it must be accepted."""

    text: str
    is_good: bool = False


def neighbour(route: BulkRoute) -> Row:
    return Row(msgspec.json.encode(good(route)).decode(), is_good=True)


def hostile(route: BulkRoute) -> Iterator[Row]:
    """Each value in each field, a field twice, a field nobody knows, and no row at all."""
    fields = [field.encode_name for field in msgspec.structs.fields(route.row)]
    for name in fields:
        for value in HOSTILE:
            row = {key: item for key, item in good(route).items() if key != name}
            others = msgspec.json.encode(row).decode()[1:-1]
            yield Row(f'{{{others + "," if others else ""}"{name}":{value}}}')
    for value in HOSTILE:
        yield Row(value)
        for name in (fields[0], "unheard"):
            yield Row(f'{neighbour(route).text[:-1]},"{name}":{value}}}')


class Door:
    """Running services, and what they answer."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession, caller: Principal):
        self._settings = settings
        self._session = session
        self._caller = caller

    async def send(self, service: Service, route: BulkRoute, rows: list[Row], kind: str) -> Any:
        texts = [row.text for row in rows]
        body = "\n".join(texts) if kind == LINES else f"[{','.join(texts)}]"
        headers = {auth.HEADER: Signer(self._settings).seal(self._caller), "content-type": kind}
        raw = body.encode()
        if kind == ZIPPED:
            raw = gzip.compress(raw, 1)
            headers |= {"content-type": ARRAY, "content-encoding": "gzip"}
        url = f"{self._settings.service_url(service.name)}/v1/{route.name}"
        async with self._session.post(url, data=BytesIO(raw), headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def doors(settings: Settings, caller: Principal) -> AsyncGenerator[Door]:
    """All services that take rows."""
    async with AsyncExitStack() as stack:
        for service in SERVICES.values():
            port = settings.service_port(service.name)
            await stack.enter_async_context(serving(build(service, settings), port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Door(settings, session, caller)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "step"), [(ARRAY, 1), (LINES, 7)])
async def test_a_hostile_row_costs_itself_only(
    settings: Settings, database: DatabaseOf, principal: Principal, kind: str, step: int
) -> None:
    """Lines take the same way behind the reader: some of each kind of row are enough."""
    for table in TABLES:
        await prepare(database, principal, table, [0])
    async with doors(settings, principal) as door:
        for service, route in ROUTES:
            spoiled = list(islice(hostile(route), 0, None, step))
            for at in range(0, len(spoiled), 100):
                rows = [each for bad in spoiled[at : at + 100] for each in (bad, neighbour(route))]
                await _check(door, service, route, rows, kind)


async def _check(
    door: Door, service: Service, route: BulkRoute, rows: list[Row], kind: str
) -> None:
    status, answer = await door.send(service, route, rows, kind)
    if status != 202 and len(rows) > 2:  # whose fault is it?
        for bad, fine in zip(rows[::2], rows[1::2], strict=True):
            await _check(door, service, route, [bad, fine], kind)
    assert status == 202, (route.name, rows[0].text[:300], answer)
    receipts = answer["receipts"]
    assert [receipt["row"] for receipt in receipts] == list(range(len(rows)))
    for row, receipt in zip(rows, receipts, strict=True):
        if row.is_good:
            assert receipt["status"] in ("accepted", "late"), (route.name, receipt)
        elif receipt["status"] == "rejected":
            assert receipt["field"], (route.name, row.text[:300])
            assert receipt["message"], (route.name, row.text[:300])
            assert not INTERNAL.search(receipt["message"]), (route.name, row.text[:300], receipt)
