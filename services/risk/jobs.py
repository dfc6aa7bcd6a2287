"""What risk does later: scores accounts whose data, model or calendar moved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from services.risk.actions import scores as scores_actions
from services.risk.background import documents as documents_background
from services.risk.background import training
from services.risk.background.drift import watch
from services.risk.domain.queue import WORK_LIST
from services.risk.domain.scores import LastInputs
from services.risk.forecasting import scores
from services.risk.forecasting.scores import Champion, Champions, Told
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from shared.process import work, worker
from shared.process.work import Claim
from shared.process.worker import Bench
from shared.vocabulary.errors import ServiceUnavailable

PATIENCE: Final = 3
"""Tries after which a silent service other than accounts is spoken for by what it told last."""

CLAIMS: Final = 500
DUE_MOST: Final = 2_000
RETRY: Final = timedelta(hours=1)
CHAMPIONS: Final = Champions()


async def look_again(bench: Bench) -> int:
    """Have accounts scored that nobody has looked at for a day: their renewal came nearer."""
    async with bench.db.read(None) as conn:
        due = await queue_store.due_again(conn, DUE_MOST)
    for tenant_id, account_ids in due.items():
        async with bench.db.write(tenant_id) as conn:
            await scores_actions.look_again(conn, account_ids, datetime.now(UTC) + RETRY)
    return sum(map(len, due.values()))


async def rescore(bench: Bench) -> int:
    """Score every account whose score is wanted."""
    return await work.drain(bench.db, WORK_LIST, partial(_rescore, bench), most=CLAIMS)


async def _rescore(bench: Bench, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Claims of a tenant without a model are done: publishing one marks every account again."""
    async with bench.db.read(tenant_id) as conn:
        champion = await CHAMPIONS.serving(conn)
    if champion is not None:
        await _score(bench, tenant_id, claims, champion)
        return
    async with bench.db.write(tenant_id) as conn:
        await queue_store.take_turn(
            conn
        )  # whoever publishes a model now does it before or after us
        champion = await CHAMPIONS.serving(conn)
        if champion is None:
            await work.finish(conn, WORK_LIST, claims)
    if champion is not None:
        await _score(bench, tenant_id, claims, champion)


async def _score(
    bench: Bench, tenant_id: UUID, claims: Sequence[Claim], champion: Champion
) -> None:
    account_ids = [claim.key for claim in claims]
    patient = max(claim.attempt for claim in claims) <= PATIENCE
    told = await scores.ask(bench.rpc, tenant_id, account_ids, datetime.now(UTC))
    if "accounts" in told.silent or (told.silent and patient):
        raise ServiceUnavailable(f"no answer from {', '.join(told.silent)}")
    async with bench.db.read(tenant_id) as conn:
        standing = await scores_store.standing(conn, account_ids)
        if told.silent:
            told = spoken_for(told, await scores_store.last_inputs(conn, account_ids))
    fresh = scores.forecasts(champion, told, standing, datetime.now(UTC))
    scored = {one.score.account_id for one in fresh}
    async with bench.db.write(tenant_id) as conn:
        await queue_store.take_turn(conn)
        await scores_actions.keep(conn, fresh)
        await scores_store.close(
            conn, [key for key in account_ids if key not in scored], told.as_of
        )
        again_at = queue_store.a_day_after(told.as_of, stale=bool(told.silent))
        await queue_store.check_again(conn, account_ids, again_at)
        await work.finish(conn, WORK_LIST, claims)


def spoken_for(told: Told, before: Mapping[UUID, LastInputs]) -> Told:
    """Silent services tell what they told last, or nothing; scores name them as stale."""
    inputs = dict(told.inputs)
    for key, parts in told.inputs.items():
        last = before[key].inputs if key in before else {}
        inputs[key] = {service: last.get(service, {}) for service in told.silent} | parts
    mrr = {key: last.mrr for key, last in before.items() if last.mrr}
    return replace(
        told, inputs=inputs, mrr=mrr | told.mrr if "billing" in told.silent else told.mrr
    )


async def documents(bench: Bench) -> int:
    """Notice models that cannot be read any more, or can again."""
    return await documents_background.check(bench, CHAMPIONS, datetime.now(UTC))


async def drift(bench: Bench) -> int:
    """Watch what is due to be watched."""
    return await watch(bench, datetime.now(UTC))


if __name__ == "__main__":
    worker.run(
        "risk",
        [look_again, rescore],
        aside=[documents, drift, training.train, training.mirror],
        troubles=documents_background.troubles,
    )
