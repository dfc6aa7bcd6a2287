"""What the worker sees to beside scoring: broken documents, drift, trainings in a child."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from ml.scoring.drift import psi, psi_by_chance
from ml.training.reference import histogram
from services.risk import jobs
from services.risk.actions import release
from services.risk.actions import scores as scores_actions
from services.risk.background import documents, drift, training
from services.risk.domain.drift import (
    Drift,
    ModelDriftEnded,
    ModelDriftNoticed,
    horizon_drift,
)
from services.risk.domain.release import (
    ALIVE_S,
    Cause,
    ModelBroken,
    ModelMended,
    Outcome,
    TrainingRun,
)
from services.risk.domain.work_lists import TRAIN, WATCH
from services.risk.forecasting.models import Models
from services.risk.store import drift as drift_store
from services.risk.store import release as release_store
from shared.process import facts, work
from shared.vocabulary.model_document import ModelDocument
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model, a_score
from tests.services.risk.test_release import a_judgement, offered

NOW = datetime.now(UTC)


async def facts_of(world: World, *kinds: type) -> list[Any]:
    await facts.relay_all(world.risk)
    names = {kind.__name__: kind for kind in kinds}
    entries = await facts.Log(world.risk, "risk").page(0, 100, 0, world.tenant, list(names))
    return [entry.fact(names[entry.type]) for entry in entries]


BREAK = {
    "cut short": "UPDATE risk.model SET document = substr(document, 1, 300) WHERE version = $1",
    "missing": "UPDATE risk.model SET document = '' WHERE version = $1",
    "changed": "UPDATE risk.model SET"
    " document = set_byte(document, 400, (get_byte(document, 400) + 1) % 256) WHERE version = $1",
}


MEND = "UPDATE risk.model SET document = $2 WHERE version = $1"


@pytest.mark.parametrize("how", BREAK)
async def test_a_broken_document_is_noticed_told_and_mended(world: World, how: str):
    account = await world.account()
    first = await world.publish(a_model())
    second = a_model(
        use=0.7137 + list(BREAK).index(how) / 1000
    )  # none that another test's worker has read
    await world.publish(second)
    async with world.risk.write(world.tenant) as conn:
        await conn.execute(BREAK[how], second.version)
    fresh = Models()  # as a worker that starts now
    assert await documents.check(world.context, fresh, NOW) == 1
    assert await documents.check(world.context, fresh, NOW) == 0, "told once"

    (problem,) = await documents.problems(world.context)
    assert (problem["tenant"], problem["version"]) == (world.tenant, second.version)
    assert problem["serving"] == first
    assert "checksum" in str(problem["why"])
    (alarm,) = await facts_of(world, ModelBroken)
    assert (alarm.version, alarm.serving) == (second.version, first)
    assert await serving(world, account) == first

    async with world.risk.write(world.tenant) as conn:
        await conn.execute(MEND, second.version, second.document)
    assert await documents.check(world.context, fresh, NOW) == 1
    assert await documents.problems(world.context) == []
    assert [fact.version for fact in await facts_of(world, ModelMended)] == [second.version]
    assert await serving(world, account) == second.version


async def serving(world: World, account: UUID) -> str | None:
    await world.rescore()
    served = await world.score(account)
    return served.model_version if served else None


async def test_rolling_back_from_a_broken_model_ends_the_trouble(world: World):
    await world.publish(a_model())
    broken = await world.publish(a_model(use=0.4))
    async with world.risk.write(world.tenant) as conn:
        await conn.execute("UPDATE risk.model SET document = '' WHERE version = $1", broken)
    fresh = Models()
    await documents.check(world.context, fresh, NOW)
    async with world.risk.write(world.tenant) as conn:
        await release.rollback(conn, world.principal)
    await documents.check(world.context, fresh, NOW)
    assert await documents.problems(world.context) == []
    assert await facts_of(world, ModelMended) == []


async def newest(world: World, version: str) -> Drift:
    async with world.risk.read(world.tenant) as conn:
        return (await drift_store.newest(conn, [version]))[version]


def with_reference(events: list[float | None]) -> ModelDocument:
    """A model whose accounts had so many events when it was trained."""
    column = np.array(events, dtype=object)
    return replace(a_model(), reference={"events_28d": histogram(column)})


async def watch(world: World, now: datetime) -> int:
    do = partial(drift.watch, world.context, now=now)
    return await work.drain(world.risk, WATCH, do)


async def watched(world: World, model: ModelDocument, now: datetime = NOW) -> Drift:
    async with world.risk.write(world.tenant) as conn:
        await work.mark(conn, WATCH, [world.tenant])
    assert await watch(world, now) == 1
    return await newest(world, model.version)


async def test_inputs_that_moved_raise_an_alarm_once_and_its_end_is_told(world: World):
    model = with_reference([100.0 + i for i in range(200)])
    accounts = [await world.account(f"a{i}") for i in range(12)]
    await world.publish(model)
    await world.rescore()

    drift = await watched(world, model)
    (feature,) = drift.features
    assert feature.psi is not None
    assert feature.psi > feature.by_chance
    assert feature.moved
    assert drift.alarms == ["FEATURE:events_28d"]
    await watched(world, model, NOW + timedelta(days=1))
    (alarm,) = await facts_of(world, ModelDriftNoticed)
    assert (alarm.version, alarm.alarm) == (model.version, "FEATURE:events_28d")

    for place, account in enumerate(accounts):
        await world.events(account, 100 + 16 * place, name=f"n{place}-")
    await world.rescore()
    calm = await watched(world, model, NOW + timedelta(days=2))
    assert "FEATURE:events_28d" not in calm.alarms
    assert [fact.alarm for fact in await facts_of(world, ModelDriftEnded)] == ["FEATURE:events_28d"]


async def test_the_watch_comes_again_a_day_later_and_is_safe_to_repeat(world: World):
    model = with_reference([1.0, 2.0])
    await world.publish(model)
    await watched(world, model)
    assert await watch(world, NOW) == 0
    hours = await world.count(
        "SELECT extract(epoch FROM next_at - now())::int / 3600 FROM risk.work WHERE list = 'watch'"
    )
    assert hours in (23, 24)
    await watched(world, model)  # the same moment again
    assert await world.count("SELECT count(*) FROM risk.drift") == 1


async def test_matured_forecasts_are_held_against_what_came(world: World):
    model = a_model()
    await world.publish(model)
    today = NOW.date()
    for place in range(12):
        name = f"a{place}"
        begin, end = today - timedelta(days=400), today - timedelta(days=35)
        lost: dict[str, Any] = {"endedOn": end, "outcome": "lost"} if place < 10 else {}
        account = await world.account(
            name, startOn=begin, endOn=end if lost else today + timedelta(days=20), **lost
        )
        fresh = a_score(model, account, hazard=0.2, scored_at=NOW - timedelta(days=100))
        async with world.risk.write(world.tenant) as conn:
            await scores_actions.save(conn, [fresh])
    drift = await watched(world, model, datetime.now(UTC))
    month, quarter, half, year = drift.calibration
    assert (month.forecasts, quarter.forecasts) == (12, 12)
    assert (month.observed, quarter.observed) == (0, 10)
    assert month.ratio is None, "too few expected to say"
    assert quarter.expected == pytest.approx(12 * (1 - 2.718281828 ** (-0.6)), rel=1e-6)
    assert quarter.ratio == pytest.approx(10 / quarter.expected)
    assert quarter.low is not None
    assert quarter.high is not None
    assert quarter.low < 10 / quarter.expected < quarter.high
    assert (half.forecasts, year.forecasts) == (0, 0)


@pytest.mark.parametrize(
    ("observed", "expected", "off"), [(20, 20.0, False), (40, 20.0, True), (0, 6.0, True)]
)
def test_calibration_is_off_where_the_interval_leaves_one_out(observed, expected, off):
    horizon = horizon_drift(90, [expected / 100] * 100, observed)
    assert horizon.off is off
    assert horizon.ratio == pytest.approx(observed / expected)


def test_the_poisson_interval_is_the_table_s():
    horizon = horizon_drift(90, [0.1] * 100, 10)  # exact for 10 of 10 expected: .4795 to 1.8390
    assert horizon.low == pytest.approx(0.4795, abs=2e-3)
    assert horizon.high == pytest.approx(1.8390, abs=2e-3)


def test_the_index_is_nothing_without_a_move_and_grows_with_it():
    same = [10, 20, 30, 40]
    assert psi(same, [2 * count for count in same]) == pytest.approx(0)
    little, much = psi(same, [12, 20, 30, 38]), psi(same, [40, 30, 20, 10])
    assert little is not None
    assert much is not None
    assert 0 < little < 0.1 < 0.25 < much
    assert psi([50, 50], [75, 25]) == pytest.approx(0.25 * np.log(1.5) + 0.25 * np.log(2))
    assert psi(same, []) is None


def test_chance_alone_rarely_reaches_what_chance_explains():
    random = np.random.default_rng(3)
    above = 0
    for _ in range(400):
        reference = random.multinomial(300, [0.1] * 10).tolist()
        now = random.multinomial(120, [0.1] * 10).tolist()
        above += (psi(reference, now) or 0) > psi_by_chance(reference, now)
    assert 0.02 < above / 400 < 0.10


async def runs(world: World) -> list[TrainingRun]:
    async with world.risk.read(world.tenant) as conn:
        return (await release_store.training_runs(conn)).items


async def due(world: World) -> float:
    """In how many hours the next training is due."""
    async with world.risk.read(world.tenant) as conn:
        seconds = await conn.fetchval(
            "SELECT extract(epoch FROM next_at - now())::float8 FROM risk.work WHERE list = 'train'"
        )
    return seconds / 3_600


async def test_a_training_whose_child_breaks_off_is_on_record_and_tried_again(world: World):
    await offered(world.risk, world.principal, a_model(), a_judgement())
    async with world.risk.write(world.tenant) as conn:
        request = await release.request_training(conn, world.principal)
    # No service listens where the child looks: it cannot even begin.
    assert await jobs.WORKER.drain(world.context, TRAIN) == 1
    broken, _ = await runs(world)
    assert (broken.run_id, broken.cause, broken.outcome) == (
        request.run_id,
        Cause.REQUESTED,
        Outcome.FAILED,
    )
    assert broken.reason
    assert await due(world) == pytest.approx(1, abs=0.1)
    async with world.risk.read(world.tenant) as conn:
        assert await release_store.alias(conn, "champion") == a_model().version


async def test_while_somebody_trains_by_hand_the_schedule_waits(world: World):
    await offered(world.risk, world.principal, a_model(), a_judgement())
    async with world.risk.write(world.tenant) as conn:
        by_hand = await release.start_run(conn, world.principal)
        await work.mark(conn, TRAIN, [world.tenant])
    assert await jobs.WORKER.drain(world.context, TRAIN) == 1
    assert [run.run_id for run in await runs(world) if run.ended_at is None] == [by_hand.run_id]
    assert await due(world) == pytest.approx(ALIVE_S / 3_600, abs=0.01)


async def test_without_a_schedule_nothing_is_trained_by_itself(world: World):
    async with world.risk.write(world.tenant) as conn:
        await work.mark(conn, TRAIN, [world.tenant])
    assert await jobs.WORKER.drain(world.context, TRAIN) == 1
    assert await runs(world) == []


async def test_a_child_that_takes_too_long_is_ended(world: World):
    problem = await training.child(world.settings, "asyncio", (), 60)
    assert problem is None, "a console without input ends at once"
    problem = await training.child(world.settings, "http.server", ("0",), 1.0)
    assert problem == "it took longer than 1 s"
