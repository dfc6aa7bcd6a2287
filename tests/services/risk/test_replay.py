"""What was served can be made again to the byte, and whatever was touched since is noticed."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from ml.scoring.hazards import load
from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.domain.inputs import Inputs
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Fresh
from services.risk.forecasting import replay, scores
from services.risk.forecasting.models import Champion
from services.risk.forecasting.replay import Replay, Verdict
from services.risk.forecasting.scores import InputsAtMoment
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow
from tests.services.risk.conftest import World
from tests.services.risk.examples import NOON, a_model

ODD: Sequence[Any] = (
    0.0,
    -0.0,
    3.0,
    1e-17,
    1e22,
    1e300,
    0.1 + 0.2,
    None,
    float("nan"),
    float("inf"),
)
AWARE: FeatureRow = {"contract_term_months": 12.0}


async def made_again(world: World, account: UUID, as_of: datetime | None = None) -> Replay:
    async with world.risk.read(world.tenant) as conn:
        return (await replay.account_replays(conn, [account], as_of))[account]


async def test_every_score_ever_served_comes_out_again_byte_for_byte(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    first = await world.score(account)
    await world.events(account, 50)
    await world.rescore()
    await world.publish(a_model(use=0.4))
    await world.rescore()
    assert first

    async with world.risk.read(world.tenant) as conn:
        replays = await replay.newest_replays(conn)

    assert [replayed.verdict for replayed in replays] == [Verdict.SAME] * 3
    assert all(
        replayed.again_hash == replayed.served_hash and not replayed.differing
        for replayed in replays
    )
    assert (await made_again(world, account, first.scored_at)).score_id == first.score_id


async def test_an_event_that_is_told_late_leaves_the_old_answer_as_it_was(world: World):
    account = await world.account()
    await world.publish(a_model())
    await world.rescore()
    served = await world.score(account)
    assert served
    before = await made_again(world, account, served.scored_at)

    late = {"accountId": str(account), "feature": "report", "id": "late"}
    at = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    await world.send("usage", "events", [late | {"occurredAt": at}])
    await world.events(account, 5)
    await world.rescore()

    assert await world.score(account) != served
    assert await world.score(account, served.scored_at) == served
    assert await made_again(world, account, served.scored_at) == before
    assert before.verdict is Verdict.SAME


async def keep(db: Database, principal: Principal, rows: Sequence[FeatureRow]) -> list[Fresh]:
    """Scores of made-up inputs, scored together as the worker does."""
    model = a_model(newcomers=True)
    inputs: dict[UUID, Inputs] = {uuid4(): {"usage": row, "accounts": AWARE} for row in rows}
    champion = Champion(model.version, load(model.document, model.checksum))
    fresh = scores.score_accounts(champion, InputsAtMoment(NOON, inputs, {}, ()), {}, NOON)
    async with db.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await queue_store.ask(conn, list(inputs), UpdateReason.NEW_DATA)
        await scores_actions.save(conn, fresh)
    return fresh


async def test_hundreds_scored_together_come_out_again_one_by_one_whatever_their_inputs(
    risk: Database, principal: Principal
):
    dice = random.Random(3)  # noqa: S311 - repeatable, not secret
    names = ("events_28d", "payment_failures_90d", "unheard_of")
    rows: list[FeatureRow] = [
        {name: dice.choice((*ODD, dice.expovariate(0.01))) for name in names}
        | {"auto_renew": dice.choice((True, False, None, "true", "höchst ungewiß"))}
        | {"days_to_renewal": dice.choice((None, -3.0, 0.0, 31.0, 200.5, 366.0, 9_000.0))}
        | {"spell_age_days": dice.choice((None, 3.0, 89.0, 90.0, 800.0))}
        for _ in range(300)
    ]
    fresh = await keep(risk, principal, rows)

    async with risk.read(principal.tenant_id) as conn:
        latest = await scores_store.latest(conn, [scored.score.account_id for scored in fresh])
        replays = [
            (await replay.account_replays(conn, [scored.score.account_id]))[scored.score.account_id]
            for scored in fresh
        ]

    for scored in fresh:  # what was made is what is served, to the byte
        served = latest[scored.score.account_id]
        assert replay.encode(scored.score) == replay.encode(served)
    assert {scored.verdict for scored in replays} == {Verdict.SAME}


async def test_inputs_numbers_and_models_that_were_touched_are_noticed(
    risk: Database, principal: Principal
):
    fresh = await keep(risk, principal, [{"events_28d": float(n)} for n in range(3)])
    other_inputs, other_number, whole = (scored.score.account_id for scored in fresh)
    async with risk.write(principal.tenant_id) as conn:
        await conn.execute(
            "UPDATE risk.score SET inputs = jsonb_set(inputs, '{usage,events_28d}', '7')"
            " WHERE account_id = $1",
            other_inputs,
        )
        await conn.execute(
            "UPDATE risk.score SET churn_90 = churn_90 + 1e-15 WHERE account_id = $1", other_number
        )
    async with risk.read(principal.tenant_id) as conn:
        replays = await replay.account_replays(conn, [other_inputs, other_number, whole])

    assert {key: scored.verdict for key, scored in replays.items()} == {
        other_inputs: Verdict.INPUTS_CHANGED,
        other_number: Verdict.DIFFERENT,
        whole: Verdict.SAME,
    }
    assert replays[other_number].differing == ["churn_90"]
    assert replays[other_inputs].again_hash is None

    async with risk.write(principal.tenant_id) as conn:
        await conn.execute("UPDATE risk.model SET checksum = repeat('0', 64)")
    async with risk.read(principal.tenant_id) as conn:
        replays = await replay.account_replays(conn, [whole])
    assert replays[whole].verdict is Verdict.MODEL_UNREADABLE


async def test_nobody_replays_another_tenants_scores(
    risk: Database, principal: Principal, rival: Principal
):
    (fresh,) = await keep(risk, principal, [{"events_28d": 1.0}])
    async with risk.read(rival.tenant_id) as conn:
        assert await replay.account_replays(conn, [fresh.score.account_id]) == {}
        assert await replay.newest_replays(conn) == []
