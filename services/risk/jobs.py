"""What risk does later: scores accounts whose data, model or calendar moved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.risk.actions import scores as scores_actions
from services.risk.background import documents as documents_background
from services.risk.background import drift as drift_background
from services.risk.background import training
from services.risk.domain.scores import LastInputs
from services.risk.domain.work_lists import MIRROR, RESCORE, TRAIN, WATCH
from services.risk.forecasting import scores
from services.risk.forecasting.scores import Champion, Champions, Told
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from services.risk.store.locks import lock_scores
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import Worker, WorkerContext, run
from shared.vocabulary.errors import ServiceUnavailable

PATIENCE: Final = 3
"""Tries after which a silent service other than accounts is spoken for by what it told last."""

DUE_MOST: Final = 2_000
RETRY: Final = timedelta(hours=1)
CHAMPIONS: Final = Champions()


async def look_again(context: WorkerContext) -> int:
    """Have accounts scored that nobody has looked at for a day: their renewal came nearer."""
    async with context.db.read(None) as conn:
        due = await queue_store.due_again(conn, DUE_MOST)
    for tenant_id, account_ids in due.items():
        async with context.db.write(tenant_id) as conn:
            await scores_actions.look_again(conn, account_ids, datetime.now(UTC) + RETRY)
    return sum(map(len, due.values()))


async def rescore(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Claims of a tenant without a model are done: publishing one marks every account again."""
    async with context.db.read(tenant_id) as conn:
        champion = await CHAMPIONS.serving(conn)
    if champion is not None:
        await _score(context, tenant_id, claims, champion)
        return
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, RESCORE, claims)


async def _score(
    context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim], champion: Champion
) -> None:
    account_ids = [claim.key for claim in claims]
    patient = max(claim.attempt for claim in claims) <= PATIENCE
    told = await scores.ask(context.rpc, tenant_id, account_ids, datetime.now(UTC))
    if "accounts" in told.silent or (told.silent and patient):
        raise ServiceUnavailable(f"no answer from {', '.join(told.silent)}")
    async with context.db.read(tenant_id) as conn:
        standing = await scores_store.standing(conn, account_ids)
        if told.silent:
            told = spoken_for(told, await scores_store.last_inputs(conn, account_ids))
    fresh = scores.forecasts(champion, told, standing, datetime.now(UTC))
    scored = {one.score.account_id for one in fresh}
    async with context.db.write(tenant_id) as conn:
        await lock_scores(conn, account_ids)
        await scores_actions.keep(conn, fresh)
        await scores_store.close(
            conn, [key for key in account_ids if key not in scored], told.as_of
        )
        # Rows that facts of these accounts wait for are locked last.
        again_at = queue_store.a_day_after(told.as_of, stale=bool(told.silent))
        await queue_store.check_again(conn, account_ids, again_at)
        await work.finish(conn, RESCORE, claims)


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


async def documents(context: WorkerContext) -> None:
    """Notice models that cannot be read any more, or can again."""
    await documents_background.check(context, CHAMPIONS, datetime.now(UTC))


async def watch(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Watch a tenant's model for drift."""
    await drift_background.watch(context, tenant_id, claims, datetime.now(UTC))


WORKER = Worker(
    "risk",
    {RESCORE: rescore, WATCH: watch, TRAIN: training.train, MIRROR: training.mirror},
    background=[look_again, documents],
    problems=documents_background.problems,
)

if __name__ == "__main__":
    run(WORKER)
