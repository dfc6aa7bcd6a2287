"""Money per month, by the table of definition B1."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.domain.subscriptions import PER_MONTH, Interval, mrr_cents
from shared.platform.db import Conn
from tests.conftest import DatabaseOf

QUANTITY = st.integers(0, 1_000_000)
PRICE = st.integers(0, 10**10)
INTERVAL = st.sampled_from(list(PER_MONTH))
DISCOUNT = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1_000_000)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "interval", "discount", "cents"),
    [
        (10, 4_500, "month", 0.0, 45_000),
        (10, 4_500, "month", 0.1, 40_500),
        (1, 120_000, "year", 0.0, 10_000),
        (1, 100_000, "year", 0.0, 8_333),  # 8333.33
        (1, 30_000, "quarter", 0.0, 10_000),
        (1, 10_001, "quarter", 0.0, 3_334),  # 3333.67
        (1, 1_200, "week", 0.0, 5_200),
        (3, 1_000, "week", 0.25, 9_750),
        (1, 6, "year", 0.0, 1),  # exactly half a cent goes up
        (1, 5, "year", 0.0, 0),
        (0, 4_500, "month", 0.0, 0),
        (10, 0, "month", 0.0, 0),
        (10, 4_500, "month", 1.0, 0),
    ],
)
def test_b1_mrr_is_the_price_of_a_month_less_the_discount(
    quantity: int, unit_price: int, interval: Interval, discount: float, cents: int
) -> None:
    assert mrr_cents(quantity, unit_price, interval, discount) == cents


@given(QUANTITY, PRICE, INTERVAL, DISCOUNT)
def test_b1_mrr_is_within_half_a_cent_of_the_exact_amount(
    quantity: int, price: int, interval: Interval, discount: float
) -> None:
    share = 1 - Fraction(round(discount * 1_000_000), 1_000_000)
    exact = quantity * price * Fraction(*PER_MONTH[interval]) * share

    assert (
        -Fraction(1, 2) < mrr_cents(quantity, price, interval, discount) - exact <= Fraction(1, 2)
    )


@given(QUANTITY, PRICE, INTERVAL, DISCOUNT, st.integers(0, 1_000))
def test_b1_more_units_never_bring_less(
    quantity: int, price: int, interval: Interval, discount: float, more: int
) -> None:
    assert mrr_cents(quantity + more, price, interval, discount) >= mrr_cents(
        quantity, price, interval, discount
    )


async def test_b1_the_database_rounds_as_the_domain_does(database: DatabaseOf) -> None:
    cases: list[tuple[int, int, Interval, float]] = [
        (quantity, price, interval, millionths / 1_000_000)
        for quantity in (0, 1, 7, 999_999)
        for price in (0, 1, 5, 6, 18, 4_999, 10**10)
        for interval in PER_MONTH
        for millionths in (0, 1, 333_333, 500_000, 999_999, 1_000_000)
    ]
    async with (await database("billing")).pool.acquire() as conn:
        assert await in_sql(conn, cases) == [mrr_cents(*case) for case in cases]


async def in_sql(conn: Conn, cases: list[tuple[int, int, Interval, float]]) -> list[int]:
    rows = await conn.fetch(
        "SELECT billing.mrr_cents(q, p, i, d::numeric(7, 6)) AS cents"
        " FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[])"
        " WITH ORDINALITY AS c (q, p, i, d, place) ORDER BY place",
        *(list(column) for column in zip(*cases, strict=True)),
    )
    return [row["cents"] for row in rows]
