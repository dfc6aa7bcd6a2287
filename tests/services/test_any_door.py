"""Any kind of row, with any value, among others, through any door: it costs itself only, and what
is said of it speaks of fields and forms."""

from collections.abc import Callable
from random import Random

import msgspec
import pytest

from shared.intake.rows import BulkRoute
from shared.platform.auth import Principal
from shared.platform.config import Settings
from tests.conftest import DatabaseOf
from tests.services.examples import SERVICES, TABLES, prepare
from tests.services.test_hostile_rows import (
    ARRAY,
    HOSTILE,
    INTERNAL,
    LINES,
    ROUTES,
    ZIPPED,
    Door,
    Row,
    doors,
    good,
)

AT_ONCE = 20
SEED = 10


def a_value(random: Random) -> str:
    """A JSON text, more or less."""
    makers: list[Callable[[], str]] = [
        lambda: random.choice(HOSTILE),
        lambda: '"' + "".join(map(random.choice, (DAYS, "Tt _", CLOCKS, ZONES))) + '"',
        lambda: '"' + "".join(random.choices(LETTERS, k=random.randrange(300))) + '"',
        lambda: f"{random.choice('-+ ')}{random.random()}e{random.randrange(-400, 400)}",
        lambda: str(random.randrange(-(10 ** random.randrange(1, 40)), 10**14)),
        lambda: f"[{','.join(a_value(random) for _ in range(random.randrange(3)))}]",
        lambda: f'{{"{random.choice(LETTERS)}":{a_value(random)}}}',
    ]
    return random.choice(makers)()


DAYS = ["2026-11-01", "1900-01-01", "2199-12-31", "0001-01-01", "9999-12-31", "2026-2-30", ""]
CLOCKS = ["09:30", "09:30:00", "23:59:59.9999999", "24:00", "09:30:60", ""]
ZONES = ["Z", " UTC", " +0000", " Z", "+14:00", "-14:00", "+24:00", "am", ""]
LETTERS = [
    "a",
    "é",
    "☃",
    " ",
    "0",
    ".",
    "\\u0000",
    "\\ud800",
    "\\udfff",
    '\\"',
    "\\n",
    "\\u001f",
    "$",
]


def a_row(random: Random, route: BulkRoute) -> str:
    """A row with a value that nobody means in one of its fields, or that is no row at all."""
    text = msgspec.json.encode(good(route)).decode()
    spoiled = [text[:-1] + ",}", text[:-1] + ',"x":}', text.replace(":", " ", 1), "", "nonsense"]
    if random.random() < 0.1:
        return random.choice([*spoiled, a_value(random)])
    names = [field.encode_name for field in msgspec.structs.fields(route.row)]
    name = random.choice([*names, "unheard"])
    rest = {key: value for key, value in good(route).items() if key != name}
    return f'{msgspec.json.encode(rest).decode()[:-1]},"{name}":{a_value(random)}}}'


@pytest.mark.parametrize(
    "examples", [300, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1_800)])]
)
async def test_any_row_costs_itself_only(
    settings: Settings, database: DatabaseOf, principal: Principal, examples: int
) -> None:
    random = Random(SEED)  # noqa: S311 - repeatable
    for table in TABLES:
        await prepare(database, principal, table, [0])
    async with doors(settings, principal) as door:
        for number in range(examples // AT_ONCE):
            _, route = ROUTES[number % len(ROUTES)]
            texts = [a_row(random, route) for _ in range(AT_ONCE)]
            kind = random.choice([ARRAY, LINES, ZIPPED])
            if kind == LINES:
                texts = [text for text in texts if text.strip()]  # an empty line is no row
            await check(door, route, texts, kind)


async def check(door: Door, route: BulkRoute, texts: list[str], kind: str) -> None:
    """Each hostile row stands between good ones."""
    rows = [Row(text) for text in texts]
    rows = [each for row in rows for each in (row, Row(msgspec.json.encode(good(route)).decode()))]
    service = SERVICES[next(name for name, s in SERVICES.items() if (s, route) in ROUTES)]
    status, answer = await door.send(service, route, rows, kind)
    assert status == 202, (route.name, kind, answer, texts)
    receipts = answer["receipts"]
    assert len(receipts) == len(rows), (route.name, kind, texts)
    for text, receipt in zip(texts, receipts[::2], strict=True):
        if receipt["status"] in ("rejected", "conflict"):
            assert receipt["field"], (route.name, text)
            assert receipt["message"], (route.name, text)
            assert not INTERNAL.search(receipt["message"]), (receipt, text)
    statuses = {receipt["status"] for receipt in receipts[1::2]}
    assert statuses <= {"accepted", "late", "pending"}, (route.name, kind, texts)
