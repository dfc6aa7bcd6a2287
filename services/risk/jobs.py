"""The worker of risk: scores accounts whose data, model or calendar changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.risk.actions import scores as scores_actions
from services.risk.background import documents as documents_background
from services.risk.background import drift as drift_background
from services.risk.background import training
from services.risk.domain.queue import UpdateReason
from services.risk.domain.work_lists import MIRROR, RESCORE, TRAIN, WATCH
from services.risk.forecasting import scores
from services.risk.forecasting.models import MODELS, Champion
from services.risk.forecasting.scores import InputsAtMoment
from services.risk.store import queue as queue_store
from services.risk.store import scores as scores_store
from services.risk.store.locks import lock_scores
from shared.platform.db import Conn
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import Worker, WorkerContext, run
from shared.vocabulary.errors import ServiceUnavailable

PATIENCE: Final = 3
"""Tries after which the last answer of a silent service counts, unless it is accounts."""

MAX_DUE: Final = 2_000
RETRY: Final = timedelta(hours=1)


async def rescore_due(context: WorkerContext) -> int:
    """Have accounts scored that were not scored for a day: their renewal came nearer."""
    async with context.db.read(None) as conn:
        due = await queue_store.due_again(conn, MAX_DUE)
    return await _request(context, due, UpdateReason.TIME)


async def rescore_waiting(context: WorkerContext) -> int:
    """Have accounts scored whose score rests on what a service said before it fell silent."""
    async with context.db.read(None) as conn:
        services = await queue_store.awaited_services(conn)
    answering = await scores.answering(context.rpc, services)
    if not answering:
        return 0
    async with context.db.read(None) as conn:
        accounts = await queue_store.waiting(conn, answering, MAX_DUE)
    return await _request(context, accounts, UpdateReason.NEW_DATA)


async def _request(
    context: WorkerContext, accounts: Mapping[UUID, Sequence[UUID]], reason: UpdateReason
) -> int:
    """Ask for scores of accounts of several tenants; of how many."""
    for tenant_id, account_ids in accounts.items():
        async with context.db.write(tenant_id) as conn:
            await scores_actions.rescore_due(conn, account_ids, reason, datetime.now(UTC) + RETRY)
    return sum(map(len, accounts.values()))


async def rescore(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Claims of a tenant without a model are done: publishing one marks every account again."""
    async with context.db.read(tenant_id) as conn:
        champion = await MODELS.champion(conn)
    if champion is not None:
        await _score(context, tenant_id, claims, champion)
        return
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, RESCORE, claims)


async def _score(
    context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim], champion: Champion
) -> None:
    account_ids = [claim.key for claim in claims]
    patient = max(claim.attempt + claim.postponed for claim in claims) <= PATIENCE
    answers = await scores.ask(context.rpc, tenant_id, account_ids, datetime.now(UTC))
    if "accounts" in answers.silent or (answers.silent and patient):
        raise ServiceUnavailable(f"no answer from {', '.join(answers.silent)}")
    async with context.db.read(tenant_id) as conn:
        standing = await scores_store.standing(conn, account_ids)
        if answers.silent:
            answers = await _fill_in(conn, answers)
    fresh = scores.score_accounts(champion, answers, standing, datetime.now(UTC))
    open_ids = {each.score.account_id for each in fresh}
    closed_ids = [key for key in account_ids if key not in open_ids]
    async with context.db.write(tenant_id) as conn:
        await lock_scores(conn, account_ids)
        await scores_actions.save(conn, fresh)
        await scores_store.close(conn, closed_ids, answers.as_of)
        # Rows that facts of these accounts wait for are locked last.
        tomorrow = answers.as_of + timedelta(days=1)
        await queue_store.check_again(conn, account_ids, tomorrow, answers.silent)
        await work.finish(conn, RESCORE, claims)


async def _fill_in(conn: Conn, answers: InputsAtMoment) -> InputsAtMoment:
    """For silent services their last answers, or none; scores name them as stale."""
    before = await scores_store.latest(conn, list(answers.inputs))
    last_inputs = await scores_store.inputs(conn, [score.score_id for score in before.values()])
    inputs, mrr = dict(answers.inputs), answers.mrr
    for key, rows in answers.inputs.items():
        last = last_inputs[before[key].score_id] if key in before else {}
        inputs[key] = {service: last.get(service, {}) for service in answers.silent} | rows
    if "billing" in answers.silent:
        mrr = {key: score.mrr for key, score in before.items() if score.mrr} | mrr
    return replace(answers, inputs=inputs, mrr=mrr)


async def documents(context: WorkerContext) -> None:
    """Notice models that cannot be read any more, or can again."""
    await documents_background.check(context, MODELS, datetime.now(UTC))


async def watch(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    await drift_background.watch(context, tenant_id, claims, datetime.now(UTC))


WORKER = Worker(
    "risk",
    {RESCORE: rescore, WATCH: watch, TRAIN: training.train, MIRROR: training.mirror},
    background=[rescore_due, rescore_waiting, documents],
    problems=documents_background.problems,
)

if __name__ == "__main__":
    run(WORKER)
