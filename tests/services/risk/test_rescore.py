"""Scoring through the real services: what changes a score, what is told, what is never lost."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from ml.fitting.fit import fit_strata
from ml.scoring.hazards import load
from ml.scoring.score import score
from ml.training.train import packed
from services.risk import jobs
from services.risk.actions import scores as scores_actions
from services.risk.domain.bands import RiskBand
from services.risk.domain.chance import ForecastBasis
from services.risk.domain.inputs import inputs_hash
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import RiskUpdated
from services.risk.forecasting import change, replay
from services.risk.forecasting.replay import Verdict
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from tests.ml.examples import NOON, annual
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model


async def test_an_account_is_scored_from_what_four_services_tell(world: World):
    account = await world.account(renews_in_days=60)
    await world.events(account, 20)
    await world.publish(a_model())
    await world.rescore()

    score = await world.score(account)

    assert score is not None
    assert score.renewal_on == datetime.now(UTC).date() + timedelta(days=60)
    assert {d.feature: (d.value, d.source) for d in score.drivers} == {
        "events_28d": (20, "usage"),
        "auto_renew": (True, "accounts"),
        "payment_failures_90d": (None, "billing"),  # billed for a year, on record since today
    }
    parts = sum(driver.contribution for driver in score.drivers)
    assert score.reference_probability + parts == pytest.approx(score.renewal_probability, abs=1e-9)
    assert (score.mrr_cents, score.currency) == (100_000, "EUR")
    assert score.stale_inputs == []


async def test_rescoring_twice_keeps_one_score_and_tells_once(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    async with world.risk.write(world.tenant) as conn:
        await scores_actions.rescore(conn, [account])
    assert await world.rescore() == 1

    assert await world.count("SELECT count(*) FROM risk.score") == 1
    assert len(await world.updates()) == 1


async def test_use_raises_the_renewal_probability_and_is_told_with_the_band_before(world: World):
    account = await world.account()
    await world.publish(a_model(use=-2.0))
    await world.rescore()
    await world.events(account, 200)
    await world.rescore()

    first, second = [entry.fact(RiskUpdated) for entry in await world.updates()]
    assert (first.previous_band, first.previous_probability) == (None, None)
    assert (first.band, second.previous_band, second.band) == (
        RiskBand.HIGH,
        RiskBand.HIGH,
        RiskBand.LOW,
    )
    assert first.renewal_probability
    assert second.renewal_probability
    assert second.previous_probability == first.renewal_probability < second.renewal_probability
    assert [first.reason, second.reason] == [UpdateReason.NEW_DATA] * 2
    assert [entry.sequence for entry in await world.updates()] == [1, 2]


async def test_without_a_model_nothing_is_scored_until_one_is_published(world: World):
    account = await world.account()
    assert await world.rescore() == 1
    async with world.risk.read(world.tenant) as conn:
        before = await scores_store.progress(conn)
    await world.publish(a_model())
    async with world.risk.read(world.tenant) as conn:
        between = await scores_store.progress(conn)
    await world.rescore()
    async with world.risk.read(world.tenant) as conn:
        after = await scores_store.progress(conn)

    assert (before.accounts_known, before.scored, before.pending, before.has_champion) == (
        1,
        0,
        0,
        False,
    )
    assert (between.scored, between.pending, between.has_champion) == (0, 1, True)
    assert (after.scored, after.pending) == (1, 0)
    assert await world.score(account)


async def test_another_model_scores_everyone_anew_and_says_so(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    version = await world.publish(a_model(use=0.4))
    await world.rescore()

    score = await world.score(account)
    assert score
    assert score.model_version == version
    assert score.reason is UpdateReason.NEW_MODEL
    assert await world.count("SELECT count(*) FROM risk.score") == 2


async def test_a_lost_contract_ends_the_forecast_but_not_its_history(world: World):
    account = await world.account(renews_in_days=20, externalId="c1")
    await world.publish(a_model())
    await world.rescore()
    served = await world.score(account)
    today = datetime.now(UTC).date()
    lost = {"endedOn": today - timedelta(days=1), "outcome": "lost", "externalId": "c1"}
    terms = {"startOn": today - timedelta(days=345), "endOn": today + timedelta(days=20)}
    row = {"accountId": str(account), "termMonths": 12, "autoRenew": True, **terms, **lost}
    await world.send("accounts", "contracts", [row])
    await world.hear()
    await world.rescore()

    assert served
    assert await world.score(account) is None
    assert await world.score(account, datetime.now(UTC)) is None
    assert await world.score(account, served.scored_at) == served
    async with world.risk.read(world.tenant) as conn:
        pages = await scores_store.history(conn, [account])
        assert (await scores_store.progress(conn)).scored == 0
    assert pages[account].items == [served]


async def test_as_of_gives_the_score_served_then_and_its_inputs_give_it_again(world: World):
    model = a_model()
    account = await world.account()
    await world.publish(model)
    await world.rescore()
    first = await world.score(account)
    assert first
    await world.events(account, 50)
    await world.rescore()
    second = await world.score(account)
    assert second

    assert await world.score(account, first.scored_at - timedelta(microseconds=1)) is None
    assert await world.score(account, second.scored_at - timedelta(microseconds=1)) == first
    assert await world.score(account, second.scored_at) == second

    async with world.risk.read(world.tenant) as conn:
        inputs = (await scores_store.inputs(conn, [second.score_id]))[second.score_id]
    row: dict[str, Any] = {name: value for part in inputs.values() for name, value in part.items()}
    (again,) = score(
        load(model.document, model.checksum),
        [row],
        elapsed_days=[row["account_age_days"]],
        days_to_renewal=[row["days_to_renewal"]],
    )
    assert again.renewal
    assert (again.renewal.value, again.renewal.low, again.renewal.high) == (
        second.renewal_probability,
        second.renewal_low,
        second.renewal_high,
    )
    assert inputs_hash(inputs) == second.inputs_hash != first.inputs_hash


async def test_an_account_that_comes_back_is_scored_as_of_its_new_spell_alone(world: World):
    today = datetime.now(UTC).date()
    end = today - timedelta(days=435)
    values: dict[str, Any] = {"recordedAt": datetime.combine(end, time(), UTC), "outcome": "lost"}
    account = await world.account(
        renews_in_days=-435, startOn=today - timedelta(days=800), endOn=end, **values
    )
    await world.publish(a_model(newcomers=True))
    await world.rescore()
    assert await world.score(account) is None

    begin = today - timedelta(days=20)
    terms = {
        "startOn": begin,
        "endOn": begin + timedelta(days=365),
        "termMonths": 12,
        "autoRenew": True,
    }
    await world.send("accounts", "contracts", [{"accountId": str(account), **terms}])
    await world.hear()
    await world.rescore()

    back = await world.score(account)
    assert back
    assert back.basis == ForecastBasis.NEWCOMERS, "twenty days old, whatever came before"
    assert back.renewal_on == terms["endOn"]
    async with world.risk.read(world.tenant) as conn:
        inputs = (await scores_store.inputs(conn, [back.score_id]))[back.score_id]
    assert (inputs["accounts"]["spell_age_days"], inputs["accounts"]["returned"]) == (20, True)
    assert inputs["accounts"]["account_age_days"] == 800
    assert await world.score(account, back.scored_at - timedelta(microseconds=1)) is None


async def test_the_change_between_two_moments_adds_up(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    first = await world.score(account)
    await world.events(account, 50)
    await world.rescore()
    second = await world.score(account)
    assert first
    assert second

    async with world.risk.read(world.tenant) as conn:
        changes = await change.explain_change(conn, [account], first.scored_at, second.scored_at)
    explained = changes[account]

    assert explained.change == pytest.approx(second.driven_probability - first.driven_probability)
    assert explained.change == pytest.approx(sum(p.contribution for p in explained.parts), abs=1e-9)
    assert explained.change == pytest.approx(sum(explained.by_kind.values()), abs=1e-9)
    assert (explained.parts[0].feature, explained.parts[0].kind) == ("events_28d", "DATA")
    assert (explained.parts[0].before, explained.parts[0].after) == (0, 50)
    assert explained.comparable


async def test_a_silent_service_delays_a_score_and_later_its_last_word_counts(world: World):
    account = await world.account()
    await world.events(account, 50)
    await world.publish(a_model())
    await world.rescore()
    before = await world.score(account)
    assert before

    world.away("usage")
    await world.send("billing", "payment-methods", [_card(account)])
    failed = {"id": "p1", "invoiceId": "i1", "accountId": str(account), "succeeded": False}
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await world.send("billing", "payments", [failed | {"attemptedAt": at}])
    await world.hear()
    await world.rescore()
    assert await world.score(account) == before, "patience first"

    await world.hurry(attempt=jobs.PATIENCE)
    await world.rescore()
    score = await world.score(account)
    assert score
    assert score.stale_inputs == ["usage"]
    assert {d.feature: d.value for d in score.drivers} == {
        "events_28d": 50,
        "auto_renew": True,
        "payment_failures_90d": 1,
    }
    assert await world.count("SELECT count(*) FROM risk.work WHERE next_at < 'infinity'") == 0


async def test_a_score_made_from_last_words_is_made_again_once_the_service_answers(world: World):
    account = await world.account()
    await world.events(account, 50)
    await world.publish(a_model())
    await world.rescore()
    world.away("usage")
    await world.send("billing", "payment-methods", [_card(account)])
    await world.hear()
    for _ in range(jobs.PATIENCE + 1):
        await world.rescore()
        await world.hurry_on()
    score = await world.score(account)
    assert score
    assert score.stale_inputs == ["usage"], "nothing but the service's absence made it so"
    assert await jobs.rescore_waiting(world.context) == 0, "it does not answer yet"

    world.back("usage")
    assert await jobs.rescore_waiting(world.context) == 1
    assert await jobs.rescore_waiting(world.context) == 0
    await world.rescore()
    score = await world.score(account)
    assert score
    assert (score.stale_inputs, score.reason) == ([], UpdateReason.NEW_DATA)


def _card(account: object) -> dict[str, str]:
    at = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    return {"accountId": str(account), "method": "card", "validFrom": at}


async def test_without_accounts_nothing_is_ever_made_up(world: World):
    account = await world.account()
    await world.publish(a_model())
    world.away("accounts")
    await world.rescore()
    await world.hurry(attempt=jobs.PATIENCE)
    await world.rescore()

    assert await world.score(account) is None
    assert await world.count("SELECT count(*) FROM risk.work WHERE next_at < 'infinity'") == 1


async def test_a_day_later_every_account_is_looked_at_again(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    assert await jobs.rescore_due(world.context) == 0

    async with world.risk.write(world.tenant) as conn:
        await queue_store.check_again(conn, [account], datetime.now(UTC) - timedelta(seconds=1))
    assert await jobs.rescore_due(world.context) == 1
    assert await jobs.rescore_due(world.context) == 0
    assert await world.rescore() == 1
    assert (
        await world.count(
            "SELECT count(*) FROM risk.account_seen WHERE check_again_at > now() + '23 h'::interval"
        )
        == 1
    )


async def test_a_broken_document_leaves_the_model_before_it_serving(world: World):
    account = await world.account()
    whole = await world.publish(a_model())
    broken = await world.publish(a_model(use=0.7))
    async with world.risk.write(world.tenant) as conn:
        await conn.execute(
            "UPDATE risk.model SET document = substr(document, 1, 500) WHERE version = $1", broken
        )
    await world.rescore()

    score = await world.score(account)
    assert score
    assert score.model_version == whole


async def test_a_renewal_beyond_the_model_gets_no_number(world: World):
    account = await world.account(
        startOn=datetime.now(UTC).date(),
        endOn=datetime.now(UTC).date() + timedelta(days=1096),
        termMonths=36,
    )
    await world.publish(a_model())
    await world.rescore()

    score = await world.score(account)
    assert score
    assert score.renewal is None
    assert score.horizon_days == int(score.driven_days) == 365
    assert score.churn_probability(366) is None
    assert score.value_at_risk
    assert score.value_at_risk.cents == round(100_000 * (1 - score.driven_probability))


async def test_curves_by_stratum_serve_and_say_that_they_do(world: World):
    account = await world.account()
    frame = annual(150).frame()
    few = frame.take(~np.isin(frame.account, np.unique(frame.account[frame.event])[8:]))
    curves = packed(fit_strata(few), NOON)
    await world.publish(curves)
    await world.rescore()
    served = await world.score(account)
    assert served is not None
    assert (served.basis, served.drivers, served.unlike_training) == (ForecastBasis.STRATA, [], [])
    assert served.renewal_probability is not None
    assert 0 < served.renewal_probability < 1
    async with world.risk.read(world.tenant) as conn:
        again = (await replay.account_replays(conn, [account]))[account]
    assert again.verdict is Verdict.SAME
