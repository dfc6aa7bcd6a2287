"""R3: the health score by hand, its laws, what it was then, and how far it goes with renewal."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.health import (
    INPUTS,
    WEIGHTS,
    HealthArea,
    HealthBand,
    auc,
    health_of,
)
from services.risk.domain.queue import UpdateReason
from services.risk.store import directory
from services.risk.store import queue as queue_store
from services.risk.store.health import health_check, healths
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model, a_score, an_end

AT = datetime(2026, 6, 1, tzinfo=UTC)
WHOLE: FeatureRow = {
    "active_members_28d": 6.0,
    "seats": 10.0,
    "active_days_28d": 10.0,
    "events_28d": 50.0,
    "events_prev_28d": 40.0,
    "enrolments": 9.0,
    "learners_180d": 3.0,
    "tickets_90d": 8.0,
    "tickets_high_90d": 1.0,
    "members": 28.0,
    "trait_nps": 20.0,
}


def of(**changed: float | None):
    return health_of({"usage": {**WHOLE, **changed}}, AT)


def test_r3_four_parts_weighed_by_hand():
    health = of()
    parts = {part.area: part for part in health.parts}
    assert parts[HealthArea.USAGE].value == pytest.approx(100 * (0.6 + 0.5 + 1.0) / 3)
    assert parts[HealthArea.EDUCATION].value == pytest.approx(50)
    assert parts[HealthArea.TICKETS].value == pytest.approx(100 * (1 - (9 * 28 / 90 / 28) / 0.5))
    assert parts[HealthArea.NPS].value == pytest.approx(60)
    assert health.value == pytest.approx(0.4 * 70 + 0.2 * 50 + 0.2 * 80 + 0.2 * 60)
    assert (health.coverage, health.band) == (pytest.approx(1), HealthBand.YELLOW)
    assert parts[HealthArea.NPS].inputs == {"trait_nps": 20.0}


def test_r3_what_is_missing_is_not_guessed_and_the_rest_weighs_more():
    health = of(trait_nps=None, enrolments=0.0)
    weights = {part.area: part.weight for part in health.parts}
    assert weights == pytest.approx({"USAGE": 2 / 3, "TICKETS": 1 / 3, "EDUCATION": 0, "NPS": 0})
    assert health.value == pytest.approx((0.4 * 70 + 0.2 * 80) / 0.6)
    assert health.coverage == pytest.approx(0.6)
    nothing = health_of({"usage": {}}, AT)
    assert (nothing.value, nothing.band, nothing.coverage) == (None, None, 0)


@pytest.mark.parametrize(
    ("value", "band"), [(0, "RED"), (50, "RED"), (50.1, "YELLOW"), (75, "YELLOW"), (75.1, "GREEN")]
)
def test_r3_bands_are_red_to_fifty_and_yellow_to_seventy_five(value: float, band: str):
    assert HealthBand.of(value) == band


NAMES = sorted({name for names in INPUTS.values() for name in names})
numbers = st.one_of(st.none(), st.floats(-200, 1e6), st.just(0.0), st.text(max_size=2))


@given(st.dictionaries(st.sampled_from(NAMES), numbers))
def test_whatever_is_told_it_is_between_0_and_100_and_known_weights_add_up(row: FeatureRow):
    health = health_of({"usage": row}, AT)
    parts = [part for part in health.parts if part.value is not None]
    assert health.coverage == pytest.approx(sum(WEIGHTS[part.area] for part in parts))
    assert all(0 <= part.value <= 100 for part in parts if part.value is not None)
    if parts:
        assert sum(part.weight for part in parts) == pytest.approx(1)
        assert health.value is not None
        assert -1e-9 <= health.value <= 100 + 1e-9
    else:
        assert health.value is None


@given(st.floats(0, 200), st.floats(0, 200))
def test_more_tickets_or_less_use_never_make_it_better(amount: float, other: float):
    less, more = sorted((amount, other))
    values = [of(tickets_90d=less), of(tickets_90d=more), of(events_28d=more), of(events_28d=less)]
    quiet, loud, used, unused = (health.value or 0 for health in values)
    assert quiet >= loud
    assert used >= unused


@given(st.lists(st.tuples(st.integers(0, 4).map(float), st.booleans()), max_size=30))
def test_the_auc_is_that_of_all_pairs(forecasts: list[tuple[float, bool]]):
    renewed = [value for value, came in forecasts if came]
    lost = [value for value, came in forecasts if not came]
    pairs = [(a > b) + (a == b) / 2 for a, b in product(renewed, lost)]
    assert auc(forecasts) == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


async def test_health_then_is_what_was_known_then_and_comes_with_the_score(world: World):
    account = await world.account(renews_in_days=200, seats=10)
    assert await health_fields(world, account) == {}, "not scored yet"
    await world.publish(a_model())
    await world.rescore()
    before = (await health_fields(world, account))[account]
    moment = datetime.now(UTC)
    await world.events(account, 30)
    await world.rescore()
    now = (await health_fields(world, account))[account]
    again = (await health_fields(world, account, moment))[account]
    assert again == before
    assert now.as_of > before.as_of
    assert (now.value or 0) > (before.value or 0)


async def health_fields(world: World, account: UUID, as_of: datetime | None = None):
    async with world.risk.read(world.tenant) as conn:
        return await healths(conn, [account], as_of)


async def test_health_and_forecast_are_held_against_the_same_endings(
    risk: Database, principal: Principal
):
    model, ended_on = a_model(), date(2026, 9, 1)
    end = datetime(2026, 9, 1, tzinfo=UTC)
    poor: FeatureRow = {"active_days_28d": 2.0}
    good: FeatureRow = {"active_days_28d": 20.0}
    endings = [(good, 0.2, True), (poor, 0.05, True), (poor, 0.4, False), (good, 0.3, False)]
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        for number, (row, hazard, renewed) in enumerate(endings):
            score = a_score(model, hazard=hazard, scored_at=end - timedelta(days=100))
            account = score.score.account_id
            late = a_score(model, account, hazard=0.9, scored_at=end - timedelta(days=10))
            await queue_store.ask(conn, [account], UpdateReason.NEW_DATA)
            await scores_actions.save(conn, [replace(score, inputs={"usage": row})])
            await scores_actions.save(conn, [late])
            outcome = an_end(account, ended_on, renewed=renewed, contract=number + 1)
            await directory.save_outcomes(conn, [outcome])
    async with risk.read(principal.tenant_id) as conn:
        check = await health_check(conn, 90, date(2026, 8, 1), date(2026, 10, 1))
        nobody = await health_check(conn, 90, date(2026, 10, 1), date(2026, 11, 1))
    assert (check.n, check.auc, check.forecast_auc) == (4, 0.5, 1.0)
    assert [(b.band, b.n, b.renewed) for b in check.bands] == [
        ("RED", 2, 1),
        ("YELLOW", 0, 0),
        ("GREEN", 2, 1),
    ]
    assert (nobody.n, nobody.auc) == (0, None)
