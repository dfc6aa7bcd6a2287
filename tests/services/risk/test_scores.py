"""What is kept and told of scores, how accounts are ranked, and who may see what."""

import math
import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from ml.scoring import score as ml_score
from ml.scoring.score import CurvePoint, churn_within
from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.bands import BANDS, RiskBand
from services.risk.domain.chance import ForecastBasis
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Fresh, RiskOrder, RiskScore, RiskUpdated
from services.risk.store import models as models_store
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.process import facts
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound
from shared.vocabulary.model_document import ModelDocument
from tests.services.risk.examples import NOON, a_model, a_score, later


async def updates_of(db: Database, tenant: UUID) -> list[RiskUpdated]:
    await facts.relay_all(db)
    entries = await facts.Log(db, "risk").page(0, 1_000, 0, tenant, ["RiskUpdated"])
    return [entry.fact(RiskUpdated) for entry in entries]


async def keep(db: Database, principal: Principal, *fresh: Fresh) -> None:
    async with db.write(principal.tenant_id) as conn:
        await queue_store.ask(
            conn, [scored.score.account_id for scored in fresh], UpdateReason.NEW_DATA
        )
        await scores_actions.save(conn, fresh)


async def publish(db: Database, principal: Principal) -> ModelDocument:
    model = a_model()
    async with db.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
    return model


def test_evidence_is_thin_without_a_model_and_limited_by_old_or_odd_inputs():
    score = a_score(a_model()).score
    assert score.evidence == "STRONG"
    assert replace(score, stale_inputs=["usage"]).evidence == "LIMITED"
    assert replace(score, unlike_training=["plan"]).evidence == "LIMITED"
    assert replace(score, basis=ForecastBasis.NEWCOMERS).evidence == "STRONG"
    curves = replace(score, basis=ForecastBasis.STRATA, unlike_training=["plan"])
    assert curves.evidence == "THIN"


async def test_a_model_that_is_not_whole_is_refused(risk: Database, principal: Principal):
    model = a_model()
    for bad in (
        replace(model, checksum="0" * 64),
        replace(model, document=model.document[:-10]),
        replace(model, document=b"{}"),
    ):
        with pytest.raises(InvalidInput, match="whole forecast model"):
            async with risk.write(principal.tenant_id) as conn:
                await models_actions.publish(conn, bad, principal)
    async with risk.read(principal.tenant_id) as conn:
        assert await models_store.champion(conn) is None


async def test_a_version_names_one_document(risk: Database, principal: Principal):
    model = await publish(risk, principal)
    other = replace(a_model(use=0.1), version=model.version)
    with pytest.raises(Conflict):
        async with risk.write(principal.tenant_id) as conn:
            await models_actions.publish(conn, other, principal)


async def test_the_champion_is_whoever_was_published_or_promoted_last(
    risk: Database, principal: Principal
):
    first, second = a_model(), a_model(use=0.1)
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, first, principal)
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, second, principal)
    async with risk.write(principal.tenant_id) as conn:
        promoted = await models_actions.promote(conn, first.version, principal)
        with pytest.raises(NotFound):
            await models_actions.promote(conn, "nobody", principal)
    async with risk.read(principal.tenant_id) as conn:
        page = await models_store.models(conn)
        assert await models_store.champion(conn) == promoted
    assert [(m.version, m.aliases) for m in page.items] == [
        (second.version, []),
        (first.version, ["champion"]),
    ]
    assert promoted.features == ["events_28d", "auto_renew", "payment_failures_90d"]


async def test_a_crossed_band_and_a_moved_probability_are_told_and_nothing_else(
    risk: Database, principal: Principal
):
    model = await publish(risk, principal)
    account = uuid4()
    edge = -(1 / 3) * math.log(1 - BANDS.elevated_from)
    hazards = [edge - 0.0005, edge + 0.0005, edge + 0.001, edge + 0.0015, edge + 0.01]
    for minutes, hazard in enumerate(hazards):
        at = NOON + timedelta(minutes=minutes)
        await keep(risk, principal, a_score(model, account, hazard=hazard, scored_at=at))

    updates = await updates_of(risk, principal.tenant_id)
    assert [(u.previous_band, u.band) for u in updates] == [
        (None, RiskBand.LOW),
        (RiskBand.LOW, RiskBand.ELEVATED),
        (RiskBand.ELEVATED, RiskBand.ELEVATED),
    ]
    assert updates[2].previous_probability == updates[1].renewal_probability


async def test_a_slow_drift_is_told_once_it_adds_up(risk: Database, principal: Principal):
    model = await publish(risk, principal)
    account = uuid4()
    for step in range(9):  # each moves the probability by less than is worth telling
        at = NOON + timedelta(minutes=step)
        await keep(
            risk, principal, a_score(model, account, hazard=0.12 + step * 0.001, scored_at=at)
        )

    updates = await updates_of(risk, principal.tenant_id)
    assert 2 < len(updates) < 6
    for before, after in pairwise(updates):
        assert after.previous_probability == before.renewal_probability
        assert (before.renewal_probability or 0) - (after.renewal_probability or 0) > 0.005


async def every_page(conn: Conn, **options: Any) -> list[RiskScore]:
    scores: list[RiskScore] = []
    after = None
    while True:
        page = await scores_store.at_risk(conn, **options, after=after)
        scores += [item.score for item in page.items]
        if not page.has_next:
            return scores
        after = page.cursors[-1]


async def test_pages_of_a_ranking_hold_every_account_once_and_in_order(
    risk: Database, principal: Principal
):
    model = await publish(risk, principal)
    dice = random.Random(7)  # noqa: S311 - repeatable, not secret
    some = [
        a_score(model, hazard=dice.uniform(0.001, 0.4), mrr_cents=dice.choice([None, 5, 900]))
        for _ in range(40)
    ]
    twins = [later(dice.choice(some), uuid4()) for _ in range(60)]  # ties, so that ids decide
    fresh = some + twins
    await keep(risk, principal, *fresh)
    everyone = {scored.score.account_id: scored.score for scored in fresh}

    async with risk.read(principal.tenant_id) as conn:
        for days in (1, 30, 90, 91, 365, 700):
            for band in (None, *RiskBand):
                for first in (7, 100):
                    ranking = await every_page(conn, within_days=days, band=band, first=first)
                    account_ids = {k for k, s in everyone.items() if band in (None, s.band)}
                    assert len(ranking) == len(account_ids)
                    assert {score.account_id for score in ranking} == account_ids
                    keys = [(-churn(score, days), score.account_id) for score in ranking]
                    assert keys == sorted(keys)
        ranking = await every_page(conn, order=RiskOrder.VALUE_AT_RISK, first=9)
        keys = [(-worth(score), score.account_id) for score in ranking]
        assert keys == sorted(keys)
        assert {score.account_id for score in ranking} == set(everyone)


def churn(score: RiskScore, days: int) -> float:
    """Rounded: the database's exp and ours may differ in the last digit."""
    chance = score.churn_probability(min(days, score.curve_days[-1]))
    assert chance
    return round(chance.value, 12)


def worth(score: RiskScore) -> int:
    return score.value_at_risk.cents if score.value_at_risk else 0


async def test_the_database_reads_a_curve_as_the_model_does(risk: Database, principal: Principal):
    days = [0.0, 14.0, 15.0, 30.4375, 365.0]
    survival = [1.0, 0.99, 0.7, 0.65, 0.2]
    curve = [
        CurvePoint(d, ml_score.Probability(s, s, s)) for d, s in zip(days, survival, strict=True)
    ]
    async with risk.read(principal.tenant_id) as conn:
        for within in (0.0, 1.0, 14.0, 14.5, 15.0, 200.0, 365.0):
            value = await conn.fetchval(
                "SELECT risk.churn_within($1, $2, $3)", days, survival, within
            )
            chance = churn_within(curve, within)
            assert chance
            assert value == pytest.approx(chance.value, abs=1e-12)
        beyond = await conn.fetchval("SELECT risk.churn_within($1, $2, 900)", days, survival)
    assert beyond == pytest.approx(0.8)


async def test_history_is_paged_newest_first_for_many_accounts_at_once(
    risk: Database, principal: Principal
):
    model = await publish(risk, principal)
    accounts = [uuid4(), uuid4()]
    for step in range(5):
        at = NOON + timedelta(minutes=step)
        await keep(
            risk,
            principal,
            *(a_score(model, key, hazard=0.1 + step / 50, scored_at=at) for key in accounts),
        )
    never = uuid4()
    async with risk.read(principal.tenant_id) as conn:
        pages = await scores_store.history(conn, [*accounts, never], 3)
        after = pages[accounts[0]].cursors[-1]
        rest = await scores_store.history(conn, accounts[:1], 3, after)
    history = [*pages[accounts[0]].items, *rest[accounts[0]].items]
    assert [score.scored_at.minute for score in history] == [4, 3, 2, 1, 0]
    assert pages[accounts[1]].has_next
    assert not rest[accounts[0]].has_next
    assert pages[never].items == []


async def test_nobody_sees_or_moves_another_tenants_scores(
    risk: Database, principal: Principal, rival: Principal
):
    model = await publish(risk, principal)
    fresh = a_score(model)
    await keep(risk, principal, fresh)
    key = fresh.score.account_id

    async with risk.write(rival.tenant_id) as conn:
        assert await scores_store.latest(conn, [key]) == {}
        assert await scores_store.latest(conn, [key], NOON + timedelta(days=1)) == {}
        assert await scores_store.scores(conn, [fresh.score.score_id]) == {}
        assert (await scores_store.at_risk(conn)).items == []
        assert (await models_store.models(conn)).items == []
        assert await models_store.champion(conn) is None
        assert (await scores_store.progress(conn)).accounts_known == 0
        with pytest.raises(NotFound):
            await scores_actions.rescore(conn, [key])
        with pytest.raises(NotFound):
            await models_actions.promote(conn, model.version, rival)
    assert await updates_of(risk, rival.tenant_id) == []


async def test_scores_are_asked_for_known_accounts(risk: Database, principal: Principal):
    model = await publish(risk, principal)
    some = [a_score(model) for _ in range(3)]
    await keep(risk, principal, *some)
    async with risk.write(principal.tenant_id) as conn:
        assert await scores_actions.rescore(conn) == 3
        assert await scores_actions.rescore(conn, [some[0].score.account_id]) == 1
        with pytest.raises(NotFound):
            await scores_actions.rescore(conn, [uuid4()])
        assert (await scores_store.progress(conn)).pending == 3
