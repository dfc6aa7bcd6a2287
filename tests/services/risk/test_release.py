"""What the gate lets through, what is kept of it, and how a champion is taken back."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.risk.actions import models as models_actions
from services.risk.actions import release
from services.risk.domain.release import (
    MAX_STARTS,
    AliasChange,
    ChampionChanged,
    Deed,
    Outcome,
    TrainingRun,
    champion_before,
)
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.process import facts
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound, NotPermitted
from shared.vocabulary.model_document import Judgement, ModelDocument, Rule
from tests.services.risk.conftest import World
from tests.services.risk.examples import NOON, a_model


def a_judgement(champion: str | None = None, *, passed: bool = True) -> Judgement:
    rules = [
        Rule("oe_12m", "within 0.1 of 1", 1.0, 1.0, True),
        Rule("auc_12m", "0.5", 0.4, 0.7, passed),
    ]
    return Judgement(champion, 100, 50, 20, rules, [])


async def offered(
    db: Database,
    principal: Principal,
    model: ModelDocument,
    judgement: Judgement,
    force: str | None = None,
) -> Outcome:
    async with db.write(principal.tenant_id) as conn:
        run = await release.start_run(conn, principal)
    async with db.write(principal.tenant_id) as conn:
        return await release.offer(conn, run.run_id, model, judgement, principal, force)


async def aliases(db: Database, principal: Principal) -> dict[str, str | None]:
    async with db.read(principal.tenant_id) as conn:
        return {name: await release_store.alias(conn, name) for name in ("champion", "challenger")}


async def runs(db: Database, principal: Principal) -> list[TrainingRun]:
    async with db.read(principal.tenant_id) as conn:
        return (await release_store.training_runs(conn)).items


async def test_a_first_model_that_holds_every_rule_serves(risk: Database, principal: Principal):
    model = a_model()
    assert await offered(risk, principal, model, a_judgement()) is Outcome.PUBLISHED
    (run,) = await runs(risk, principal)
    assert (run.outcome, run.version, run.figures) == (
        Outcome.PUBLISHED,
        model.version,
        model.metrics,
    )
    assert run.judgement == a_judgement()
    assert run.started_at
    assert run.ended_at
    assert await aliases(risk, principal) == {"champion": model.version, "challenger": None}


async def test_a_refused_candidate_is_kept_as_challenger_and_the_champion_stays(
    risk: Database, principal: Principal
):
    first, second = a_model(), a_model(use=0.5)
    await offered(risk, principal, first, a_judgement())
    verdict = a_judgement(first.version, passed=False)
    assert await offered(risk, principal, second, verdict) is Outcome.REFUSED

    assert await aliases(risk, principal) == {
        "champion": first.version,
        "challenger": second.version,
    }
    newest, _ = await runs(risk, principal)
    assert newest.outcome is Outcome.REFUSED
    assert newest.reason == "does not hold: auc_12m"
    async with risk.write(principal.tenant_id) as conn:
        assert (await release_store.judgements(conn, [second.version]))[second.version] == verdict
        await models_actions.promote(conn, second.version, principal, "looked at by eye")
    assert await aliases(risk, principal) == {"champion": second.version, "challenger": None}


async def test_force_needs_a_reason_and_the_scope_and_is_written_down(
    risk: Database, principal: Principal
):
    first, second = a_model(), a_model(use=0.5)
    await offered(risk, principal, first, a_judgement())
    verdict = a_judgement(first.version, passed=False)
    with pytest.raises(InvalidInput, match="in words"):
        await offered(risk, principal, second, verdict, " ")
    async with risk.write(principal.tenant_id) as conn:
        run = await release_store.open_run(conn)
        assert run
        weak = replace(principal, scopes=("ml",))
        with pytest.raises(NotPermitted):
            await release.offer(conn, run.run_id, second, verdict, weak, "because")
        outcome = await release.offer(conn, run.run_id, second, verdict, principal, "because")
        history = await release_store.champion_history(conn)
    assert outcome is Outcome.FORCED
    assert (history[-1].deed, history[-1].reason) == (Deed.FORCED, "because")


async def test_a_comparison_with_another_champion_is_not_taken(
    risk: Database, principal: Principal
):
    await offered(risk, principal, a_model(), a_judgement())
    with pytest.raises(Conflict, match="champion changed"):
        await offered(risk, principal, a_model(use=0.5), a_judgement(None))
    assert (await aliases(risk, principal))["champion"] == a_model().version


async def test_a_tenant_trains_once_at_a_time_and_a_silent_training_is_given_up(
    risk: Database, principal: Principal, owner: Conn
):
    async with risk.write(principal.tenant_id) as conn:
        first = await release.start_run(conn, principal)
    with pytest.raises(Conflict, match="runs since"):
        async with risk.write(principal.tenant_id) as conn:
            await release.start_run(conn, principal)
    await silence(owner)
    async with risk.write(principal.tenant_id) as conn:
        second = await release.start_run(conn, principal)
    newest, silent = await runs(risk, principal)
    assert (silent.run_id, silent.outcome) == (first.run_id, Outcome.FAILED)
    assert (newest.run_id, newest.outcome) == (second.run_id, None)
    with pytest.raises(Conflict, match="not open any more"):
        async with risk.write(principal.tenant_id) as conn:
            await release.offer(conn, first.run_id, a_model(), a_judgement(), principal)
    assert (await aliases(risk, principal))["champion"] is None


async def test_a_training_asked_for_is_the_one_that_begins(risk: Database, principal: Principal):
    async with risk.write(principal.tenant_id) as conn:
        request = await release.request_training(conn, principal)
        again = await release.request_training(conn, principal)
        begun = await release.start_run(conn, principal, request.run_id)
        due = await conn.fetchval("SELECT next_at <= now() FROM risk.work WHERE list = 'train'")
    assert request.run_id == again.run_id == begun.run_id
    assert begun.started_at
    assert due


async def test_a_training_asked_for_that_breaks_off_is_begun_again_but_not_for_ever(
    risk: Database, principal: Principal, owner: Conn
):
    async with risk.write(principal.tenant_id) as conn:
        request = await release.request_training(conn, principal)
    for _ in range(MAX_STARTS):
        async with risk.write(principal.tenant_id) as conn:
            begun = await release.start_run(conn, principal, request.run_id)
        assert begun.run_id == request.run_id
        await silence(owner)
    with pytest.raises(NotFound, match="not open any more"):
        async with risk.write(principal.tenant_id) as conn:
            await release.start_run(conn, principal, request.run_id)
    async with risk.write(principal.tenant_id) as conn:
        await release_store.expire_runs(conn)
    (run,) = await runs(risk, principal)
    assert (run.outcome, run.reason) == (Outcome.FAILED, "it gave no more sign of life")


async def silence(owner: Conn) -> None:
    """Whoever trains has been silent for too long."""
    await owner.execute("UPDATE risk.training_run SET alive_until = now() - interval '1 second'")


async def test_a_schedule_is_weekly_until_it_is_set_and_can_be_off(
    risk: Database, principal: Principal
):
    async def due_in_days() -> float | None:
        async with risk.read(principal.tenant_id) as conn:
            return await conn.fetchval(
                "SELECT extract(epoch FROM next_at - now()) / 86400.0 FROM risk.work"
                " WHERE list = 'train' AND next_at < 'infinity'"
            )

    await offered(risk, principal, a_model(), a_judgement())
    assert float(await due_in_days() or 0) == pytest.approx(7, abs=0.01)
    async with risk.write(principal.tenant_id) as conn:
        await release.set_schedule(conn, 30, principal)
    assert float(await due_in_days() or 0) == pytest.approx(30, abs=0.01)
    async with risk.write(principal.tenant_id) as conn:
        await release.set_schedule(conn, None, principal)
    assert await due_in_days() is None
    await offered(risk, principal, a_model(use=0.5), a_judgement(a_model().version))
    assert await due_in_days() is None, "a new model does not switch it on again"
    with pytest.raises(InvalidInput, match="1 to 365"):
        async with risk.write(principal.tenant_id) as conn:
            await release.set_schedule(conn, 0, principal)


async def test_rolling_back_goes_one_champion_back_each_time(risk: Database, principal: Principal):
    line = [a_model(use=use) for use in (-0.8, -0.5, -0.2)]
    async with risk.write(principal.tenant_id) as conn:
        for model in line:
            await models_actions.publish(conn, model, principal)
        second = await release.rollback(conn, principal, "odd scores")
        first = await release.rollback(conn, principal)
        with pytest.raises(Conflict, match="no champion before"):
            await release.rollback(conn, principal)
        changes = (await release_store.alias_changes(conn)).items
    assert [second.version, first.version] == [line[1].version, line[0].version]
    assert [change.deed for change in changes] == [Deed.ROLLED_BACK] * 2 + [Deed.PUBLISHED] * 3
    assert changes[1].reason == "odd scores"
    assert all(later.set_at > before.set_at for later, before in pairwise(changes))
    await facts.relay_all(risk)
    log = await facts.Log(risk, "risk").page(0, 100, 0, principal.tenant_id, ["ChampionChanged"])
    assert [entry.fact(ChampionChanged).version for entry in log][-2:] == [
        line[1].version,
        line[0].version,
    ]


async def test_a_release_stays_within_the_tenant(
    risk: Database, principal: Principal, rival: Principal
):
    model = a_model()
    await offered(risk, principal, model, a_judgement())
    async with risk.write(rival.tenant_id) as conn:
        with pytest.raises(NotFound):
            await models_actions.promote(conn, model.version, rival)
        assert (await release_store.alias_changes(conn)).items == []
        assert (await release_store.training_runs(conn)).items == []
        assert await release_store.served_model(conn) is None


async def test_promotion_scores_everyone_anew_and_going_back_gives_the_very_same_numbers(
    world: World,
):
    accounts = [
        await world.account(name, renews_in_days=40 + 20 * i) for i, name in enumerate("ab")
    ]
    await world.events(accounts[0], 20)
    first = await world.publish(a_model())
    await world.rescore()
    before = [await world.score(account) for account in accounts]
    await world.publish(a_model(use=0.4))
    assert await world.rescore() == len(accounts)
    between = [await world.score(account) for account in accounts]
    async with world.risk.write(world.tenant) as conn:
        await release.rollback(conn, world.principal)
    assert await world.rescore() == len(accounts)
    after = [await world.score(account) for account in accounts]

    def numbers(scores: list) -> list:
        return [
            (s.model_version, s.renewal_probability, s.renewal_low, s.curve_survival, s.drivers)
            for s in scores
        ]

    assert numbers(before) == numbers(after)
    assert {score.model_version for score in after if score} == {first}
    assert numbers(between) != numbers(after)


deeds = some.sampled_from([Deed.PUBLISHED, Deed.PROMOTED, Deed.FORCED])
moves = some.lists(some.one_of(some.tuples(deeds, some.sampled_from("abcd")), some.none()))


@given(moves)
def test_going_back_undoes_exactly_the_last_move_that_still_holds(steps: list):
    line: list[str] = []
    history: list[AliasChange] = []
    for step in steps:
        back = champion_before(history)
        assert back == (line[-2] if len(line) > 1 else None)
        if step is None and back is not None:
            line.pop()
            history.append(AliasChange("champion", back, NOON, Deed.ROLLED_BACK, "x", None))
        elif step is not None:
            deed, version = step
            if line[-1:] != [version]:  # promoting who serves is no move
                line.append(version)
                history.append(AliasChange("champion", version, NOON, deed, "x", None))


async def test_publishing_who_serves_already_moves_nothing(risk: Database, principal: Principal):
    async with risk.write(principal.tenant_id) as conn:
        for _ in range(2):
            await models_actions.publish(conn, a_model(), principal)
        assert len((await release_store.alias_changes(conn)).items) == 1
        champion = await models_store.champion(conn)
    assert champion
    assert champion.published_at < datetime.now(UTC)
