"""A type says what it shows: read by name, converted by type, refused at import if it cannot be."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from shared.graphql.conversion import CannotShow
from shared.graphql.objects import Account, Node, Part
from shared.graphql.payloads import Payload, UserError
from shared.graphql.reading import WHOLE
from shared.graphql.scalars import SCALARS, global_id
from shared.graphql.showing import Shown, shown
from shared.graphql.values import MetricValue, Money
from shared.vocabulary import metric, money

KEY = UUID(int=7)
THEN = datetime(2026, 3, 1, tzinfo=UTC)


class Kind(StrEnum):
    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    price: money.Money


@dataclass(frozen=True, slots=True)
class Order:
    order_id: UUID
    account_id: UUID
    placed_on: date
    kind: Kind
    pace: Literal["quick", "slow"] | None
    total: money.Money
    refund: money.Money | None
    lines: list[Line]
    late: metric.MetricValue
    loose: Any

    @property
    def count(self) -> int:
        return len(self.lines)


@strawberry.enum
class OrderKind(Enum):
    FINISHED = strawberry.enum_value("done")
    NEW = strawberry.enum_value("open")


@strawberry.enum
class Pace(Enum):
    SLOW = strawberry.enum_value("slow")
    QUICK = strawberry.enum_value("quick")


class OrderLine(Shown[Line], description="A line."):
    title: str = shown("Its title.")
    price: Money = shown("Its price.")


def is_large(order: Order, above: int = 100) -> bool:
    return order.total.cents > above


def shout(title: str) -> str:
    return title.upper()


def first_title(order: Order) -> str:
    return order.lines[0].title


class ShownOrder(Shown[Order], Node, description="An order."):
    id: strawberry.ID = shown("Its id.", of="order_id")
    placed_on: date = shown("The day.")
    kind: OrderKind = shown("What it is.")
    pace: Pace | None = shown("How fast.")
    total: Money = shown("What it costs.")
    refund: Money | None = shown("What came back.")
    cents: int = shown("In cents.", of="total.cents")
    count: int = shown("How many lines.")
    lines: list[OrderLine] = shown("The lines.")
    late: MetricValue = shown("How late.")
    is_large: bool = shown("Whether it is large.", by=is_large)
    loudly: str = shown("The first title.", by=first_title)


def order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": KEY, "account_id": KEY, "placed_on": date(2026, 2, 1), "kind": Kind.DONE,
        "pace": None, "total": money.Money(250, "EUR"), "refund": None,
        "lines": [Line("A desk", money.Money(250, "EUR"))],
        "late": metric.MetricValue(None, "X1", 1, 0), "loose": 1,
    }  # fmt: skip
    return Order(**values | changes)


@strawberry.type
class Query:
    @strawberry.field
    def order(self) -> ShownOrder:
        return ShownOrder(order(pace="slow"), THEN)


def test_a_row_is_shown_by_the_names_and_types_of_its_fields() -> None:
    schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))
    result = schema.execute_sync(
        "{ order { id placedOn kind pace total { cents currency } refund { cents } cents count"
        " lines { title price { cents } } late { value insufficientData } isLarge(above: 300)"
        " loudly } }"
    )

    assert result.errors is None
    assert result.data == {
        "order": {
            "id": global_id("ShownOrder", KEY),
            "placedOn": "2026-02-01",
            "kind": "FINISHED",
            "pace": "SLOW",
            "total": {"cents": 250, "currency": "EUR"},
            "refund": None,
            "cents": 250,
            "count": 1,
            "lines": [{"title": "A desk", "price": {"cents": 250}}],
            "late": {"value": None, "insufficientData": True},
            "isLarge": False,
            "loudly": "A desk",
        }
    }


def test_what_is_shown_can_be_read_in_python_too_and_carries_the_moment() -> None:
    shown_order = ShownOrder(order(refund=money.Money(1, "EUR")), THEN)

    assert shown_order.kind is OrderKind.FINISHED
    assert shown_order.refund is not None
    assert shown_order.refund.cents == 1
    assert [(line.title, line.moment) for line in shown_order.lines] == [("A desk", THEN)]


def test_a_function_of_one_attribute() -> None:
    class Loud(Shown[Line], description="Loudly."):
        words: str = shown("In capitals.", of="title", by=shout)

    assert Loud(Line("a desk", money.Money(1, "EUR"))).words == "A DESK"


def words_against(fields: dict[str, tuple[Any, Any]]) -> str:
    """What the import of a type with these fields says against it."""
    body: dict[str, Any] = {name: declared for name, (_, declared) in fields.items()}
    body["__annotations__"] = {name: target for name, (target, _) in fields.items()}
    body["__orig_bases__"] = (Shown[Order],)
    with pytest.raises(CannotShow) as caught:
        type("Wrong", (Shown,), body, description="Wrong.")
    return str(caught.value)


def no_result(order: Order):
    return order


def charge(amount: money.Money) -> int:
    return amount.cents


@strawberry.enum
class OnlyDone(Enum):
    DONE = "done"


CASES = {
    "Wrong.weight: Order has no attribute 'weight'": {"weight": (int, shown("Missing."))},
    "Wrong.cents: Money has no attribute 'pence'": {"cents": (int, shown("", of="total.pence"))},
    "Wrong.total: Money cannot be shown as int": {"total": (int, shown(""))},
    "Wrong.placed_on: date cannot be shown as datetime": {"placed_on": (datetime, shown(""))},
    "Wrong.count: int cannot be shown as bool": {"count": (bool, shown(""))},
    "Wrong.refund: Money may be None, but the field may not be null": {
        "refund": (Money, shown(""))
    },
    "Wrong.late: MetricValue cannot be shown as Money": {"late": (Money, shown(""))},
    "Wrong.lines: Line cannot be shown as Money": {"lines": (list[Money], shown(""))},
    "Wrong.kind: 'open' is not a valid OnlyDone": {"kind": (OnlyDone, shown(""))},
    "Wrong.title: str does not say which of OrderKind it has": {
        "title": (OrderKind, shown("", by=first_title))
    },
    "Wrong.loose: Any cannot be shown as str": {"loose": (str, shown(""))},
    "Wrong.large: bool cannot be shown as str": {"large": (str, shown("", by=is_large))},
    "Wrong.words: shout does not take Money": {"words": (str, shown("", of="total", by=shout))},
    "Wrong.words: charge does not take shared.vocabulary.money.Money | None": {
        "words": (int, shown("", of="refund", by=charge))
    },
    "Wrong.nothing: no_result does not say what it gives": {
        "nothing": (str, shown("", by=no_result))
    },
}


@pytest.mark.parametrize("words", CASES)
def test_what_does_not_fit_is_an_error_at_import(words: str) -> None:
    assert words_against(CASES[words]) == words


def test_a_type_without_a_row_in_brackets_is_an_error_at_import() -> None:
    with pytest.raises(CannotShow, match="Bare does not say whose rows it shows"):
        type("Bare", (Shown,), {"__annotations__": {}}, description="Bare.")


class OrderPayload(Payload[Order], description="What became of an order."):
    order: ShownOrder | None = shown("The order.", of=WHOLE)
    lines: list[OrderLine] = shown("Its lines.")
    user_errors: list[UserError] = strawberry.field(description="Why not.")


def test_a_payload_shows_its_row_or_why_there_is_none() -> None:
    done = OrderPayload(order())
    refused = OrderPayload(None, [UserError(field=None, code="CONFLICT", message="No.")])

    assert done.order is not None
    assert done.order.cents == 250
    assert (refused.order, refused.lines, len(refused.user_errors)) == (None, [], 1)


def test_a_field_of_a_payload_that_needs_a_row_may_be_null() -> None:
    with pytest.raises(CannotShow, match="the row may be absent, but the field may not be null"):

        class Firm(Payload[Order], description="Firm."):
            order: ShownOrder = shown("The order.", of=WHOLE)


def test_a_key_becomes_the_object_of_the_gateway_as_it_was_then() -> None:
    class Owned(Shown[Order], description="An order."):
        account: Account = shown("Whose it is.", of="account_id")

    account: Any = Owned(order(), THEN).account

    assert isinstance(account, Part)
    assert (account.id, account.key, account.as_of) == (global_id("Account", KEY), KEY, THEN)
