"""Lost contracts as they were forecast, and people's forecasts held against the model's."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.actions.hindsight import expect
from services.risk.domain.hindsight import Disagreement, Opinion
from services.risk.domain.queue import UpdateReason
from services.risk.store import directory, hindsight
from services.risk.store.queue import ask
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.errors import InvalidInput, NotFound
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model, a_score, an_end

TODAY = datetime.now(UTC).date()


async def lose(world: World, account: UUID, outcome: str = "lost") -> None:
    today = TODAY
    terms = {"startOn": today - timedelta(days=345), "endOn": today + timedelta(days=20)}
    ended = {"endedOn": today, "outcome": "lost"} if outcome == "lost" else {"outcome": outcome}
    row = {"accountId": str(account), "termMonths": 12, "autoRenew": True, "externalId": "c1"}
    await world.send("accounts", "contracts", [row | terms | ended])
    await world.hear()


async def test_how_a_contract_ended_is_heard_and_taken_back_when_corrected(world: World):
    account = await world.account(renews_in_days=20, externalId="c1")
    async with world.risk.read(world.tenant) as conn:
        assert await hindsight.last_losses(conn, [account]) == {}
    await lose(world, account)
    async with world.risk.read(world.tenant) as conn:
        loss = (await hindsight.last_losses(conn, [account]))[account]
    assert (loss.ended_on, loss.renewed) == (TODAY, False)
    await lose(world, account, "pending")
    async with world.risk.read(world.tenant) as conn:
        assert await hindsight.post_mortems(conn, [account]) == {}


async def test_a_loss_shows_what_was_served_ninety_sixty_and_thirty_days_before(
    risk: Database, principal: Principal
):
    model, ended_on = a_model(), date(2026, 9, 1)
    end = datetime(2026, 9, 1, tzinfo=UTC)
    first = a_score(model, hazard=0.05, scored_at=end - timedelta(days=75))
    account = first.score.account_id
    second = a_score(model, account, hazard=0.2, scored_at=end - timedelta(days=30, seconds=1))
    after = a_score(model, account, hazard=0.9, scored_at=end - timedelta(days=2))
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [account], UpdateReason.NEW_DATA)
        for fresh in (first, second, after):
            await scores_actions.save(conn, [fresh])
        await directory.save_outcomes(conn, [an_end(account, ended_on)])
    async with risk.read(principal.tenant_id) as conn:
        post_mortem = (await hindsight.post_mortems(conn, [account]))[account]

    assert [look.days_before for look in post_mortem.looks] == [90, 60, 30]
    assert [look.score for look in post_mortem.looks] == [None, first.score, second.score]
    assert [look.inputs for look in post_mortem.looks] == [{}, first.inputs, second.inputs]


async def test_what_people_expect_is_kept_beside_what_the_model_said(
    risk: Database, principal: Principal, rival: Principal
):
    model = a_model()
    fresh = a_score(model)
    account = fresh.score.account_id
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [account], UpdateReason.NEW_DATA)
        before = await expect(conn, account, 0.2, None, principal)
        await scores_actions.save(conn, [fresh])
        expectation = await expect(conn, account, 0.9, "they love it", principal)
        for wrong in (-0.1, 1.1, float("nan")):
            with pytest.raises(InvalidInput, match="0 to 1"):
                await expect(conn, account, wrong, None, principal)
        with pytest.raises(NotFound):
            await expect(conn, UUID(int=7), 0.5, None, principal)
    assert (before.model_probability, expectation.model_probability) == (
        None,
        fresh.score.renewal_probability,
    )
    assert (expectation.stated_by, expectation.note) == (principal.subject, "they love it")
    async with risk.read(principal.tenant_id) as conn:
        page = (await hindsight.expectations(conn, [account]))[account]
    assert [each.renewal_probability for each in page.items] == [0.9, 0.2]
    async with risk.read(rival.tenant_id) as conn:
        assert (await hindsight.expectations(conn, [account]))[account].items == []


async def test_both_are_scored_on_what_they_had_said_by_then(risk: Database, principal: Principal):
    model = a_model()
    end = datetime.now(UTC) + timedelta(days=91)
    fresh = a_score(model, scored_at=datetime.now(UTC) - timedelta(days=1))
    account = fresh.score.account_id
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await ask(conn, [account], UpdateReason.NEW_DATA)
        await scores_actions.save(conn, [fresh])
        await expect(conn, account, 0.9, None, principal)
        await directory.save_outcomes(conn, [an_end(account, end.date())])
        window = (end.date(), end.date() + timedelta(days=1))
        in_time = await hindsight.disagreement(conn, 90, *window)
        too_early = await hindsight.disagreement(conn, 180, *window)
    assert in_time.person_brier == pytest.approx(0.81)
    assert in_time.model_brier == pytest.approx((fresh.score.renewal_probability or 0) ** 2)
    assert (too_early.model_brier, too_early.opinions) == (None, [])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_brier_is_the_mean_square_error(forecasts: list[tuple[float, bool]]):
    opinions = [Opinion(UUID(int=1), TODAY, came, p, 1 - p, "me") for p, came in forecasts]
    disagreement = Disagreement.of(90, opinions)
    assert disagreement.model_brier == pytest.approx(
        sum((p - c) ** 2 for p, c in forecasts) / len(forecasts)
    )
    assert disagreement.person_brier == pytest.approx(
        sum((1 - p - c) ** 2 for p, c in forecasts) / len(forecasts)
    )
