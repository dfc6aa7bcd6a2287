"""U21: how use goes with being retained at renewal, among accounts that are alike."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.association import Association, Table, mantel_haenszel
from services.usage.store.journeys import renewal_associations
from shared.platform.db import Database
from tests.services.usage.examples import World, an_account, caller_in, contract, load, noon, used

RENEWAL = date(2026, 1, 1)
AS_OF = datetime(2026, 6, 15, 9, tzinfo=UTC)
SOME = st.integers(1, 400)


@given(SOME, SOME, SOME, SOME)
def test_u21_of_one_stratum_it_is_the_plain_odds_ratio_with_woolfs_interval(
    a: int, b: int, c: int, d: int
) -> None:
    ratio = mantel_haenszel([Table(a, b, c, d)])

    assert ratio is not None
    assert ratio.value == pytest.approx(a * d / (b * c))
    reach = 1.959964 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    assert ratio.high == pytest.approx(ratio.value * math.exp(reach), rel=1e-5)
    assert ratio.low == pytest.approx(ratio.value / math.exp(reach), rel=1e-5)


def test_u21_adjustment_undoes_simpsons_paradox() -> None:
    """Within each size it goes with staying; over all of them it seems to go with leaving."""
    small, large = Table(81, 6, 234, 36), Table(192, 71, 55, 25)  # Charig et al. 1986
    crude = Table(*(x + y for x, y in zip(_parts(small), _parts(large), strict=True)))

    adjusted, plain = mantel_haenszel([small, large]), mantel_haenszel([crude])

    assert adjusted is not None
    assert plain is not None
    assert plain.value < 1 < adjusted.value
    assert adjusted.value == pytest.approx((81 * 36 / 357 + 192 * 25 / 343) / (6 * 234 / 357 + 71 * 55 / 343))  # noqa: E501 # fmt: skip


def _parts(table: Table) -> tuple[int, int, int, int]:
    return table.a, table.b, table.c, table.d


@pytest.mark.parametrize(
    "tables", [[], [Table(0, 0, 0, 0)], [Table(5, 0, 5, 0)], [Table(5, 5, 0, 0)]]
)
def test_u21_without_both_sides_nothing_can_be_said(tables: list[Table]) -> None:
    assert mantel_haenszel(tables) is None


async def renewal(
    db: Database, tenant: UUID, uses: int, outcome: str, at: int = 100, **values: Any
) -> UUID:
    """An account since a year, with so many uses so many days before its renewal."""
    account, contract_id = await an_account(db, tenant), uuid4()
    signed = {"contract_id": contract_id, "end_on": RENEWAL, **values}
    await contract(db, tenant, account, RENEWAL - timedelta(days=365), **signed)
    terms = {"outcome": outcome, "recorded_at": noon(RENEWAL), **signed}
    await contract(db, tenant, account, RENEWAL - timedelta(days=365), **terms)
    days = [RENEWAL - timedelta(days=at)] * uses
    if days:
        await load(db, caller_in(tenant), used(account, "ann", days, feature="sync"))
    return account


async def associations_of(db: Database, tenant: UUID, as_of: datetime = AS_OF) -> list[Association]:
    async with db.read(tenant) as conn:
        return await renewal_associations(conn, as_of)


async def test_u21_use_before_the_renewal_window_is_held_against_what_became_of_it(
    db: Database, tenant: UUID
) -> None:
    for number in range(10):
        await renewal(db, tenant, 3, "lost" if number < 2 else "renewed")
    for number in range(10):
        await renewal(db, tenant, 2 if number % 2 else 0, "lost" if number < 6 else "expanded")
    await renewal(db, tenant, 9, "pending")
    before = await associations_of(db, tenant)

    (sync,) = before
    assert (sync.feature, sync.users, sync.odds_ratio.n, sync.strata) == ("sync", 10, 20, 1)
    assert sync.odds_ratio.value == pytest.approx(8 * 6 / (2 * 4))
    assert sync.low.value is not None
    assert sync.odds_ratio.value is not None
    assert sync.high.value is not None
    assert sync.low.value < 1 < sync.odds_ratio.value < sync.high.value
    assert (await associations_of(db, tenant, noon(RENEWAL) - timedelta(days=1))) == []

    await renewal(db, tenant, 3, "lost", recorded_at=AS_OF + timedelta(minutes=1))
    assert await associations_of(db, tenant) == before


async def test_u21_use_in_the_renewal_window_and_young_accounts_do_not_count(
    db: Database, tenant: UUID
) -> None:
    """Who has decided to leave stops using the product: that would be read as a cause."""
    for number in range(10):
        await renewal(
            db, tenant, 3, "lost" if number < 2 else "renewed", at=min(180, 91 + number * 10)
        )
        await renewal(db, tenant, 0, "lost" if number < 5 else "renewed")
        await renewal(db, tenant, 3, "lost", at=90 if number % 2 else 181)
    account = await an_account(db, tenant)
    await contract(
        db, tenant, account, RENEWAL - timedelta(days=179), end_on=RENEWAL, outcome="lost",
        recorded_at=noon(RENEWAL),
    )  # fmt: skip

    (sync,) = await associations_of(db, tenant)

    assert (sync.users, sync.odds_ratio.n) == (10, 30)


async def test_u21_too_few_renewals_are_insufficient_data(db: Database, tenant: UUID) -> None:
    for number in range(19):
        await renewal(db, tenant, 3 * (number % 2), "lost" if number < 6 else "renewed")

    (sync,) = await associations_of(db, tenant)

    assert all(m.insufficient_data for m in (sync.odds_ratio, sync.low, sync.high))
    assert sync.odds_ratio.n == 19


async def test_u21_plan_and_age_make_strata_as_size_does(db: Database, tenant: UUID) -> None:
    for number in range(24):
        account = await renewal(
            db, tenant, 3 * (number % 3 == 0), "lost" if number < 9 else "renewed"
        )
        plan = ("team", "enterprise")[number % 2]
        await World(db, tenant, account).plan(plan)
        if number % 4 > 1:  # a first contract two years before
            await contract(
                db, tenant, account, RENEWAL - timedelta(days=1_095),
                end_on=RENEWAL - timedelta(days=365), outcome="renewed",
            )  # fmt: skip

    (sync,) = await associations_of(db, tenant)

    assert (sync.strata, sync.odds_ratio.n) == (4, 24)


async def test_u21_accounts_are_compared_with_their_like(db: Database, tenant: UUID) -> None:
    for number in range(24):
        seats, term = (5, 100)[number % 2], (1, 12)[number // 2 % 2]
        outcome = "lost" if number < 9 else "renewed"
        await renewal(db, tenant, 3 * (number % 3 == 0), outcome, seats=seats, term_months=term)

    (sync,) = await associations_of(db, tenant)

    assert (sync.strata, sync.odds_ratio.n) == (4, 24)
