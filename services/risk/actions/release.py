"""How models are released: runs of training, the gate's verdict, roll-back, the schedule."""

from datetime import timedelta
from uuid import UUID

from services.risk.actions import models as models_actions
from services.risk.domain.models import ModelVersion
from services.risk.domain.release import (
    EVERY_DAYS,
    EVERY_DAYS_MOST,
    Cause,
    Deed,
    Outcome,
    TrainingRun,
    champion_before,
)
from services.risk.domain.work_lists import MIRROR, TRAIN, WATCH
from services.risk.store import models as models_store
from services.risk.store import release as release_store
from services.risk.store.locks import lock_release
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process import work
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound
from shared.vocabulary.model_document import Judgement, ModelDocument


async def start_run(conn: Conn, principal: Principal, run_id: UUID | None = None) -> TrainingRun:
    """Begin a training: the one named, or the one that is asked for, or a new one.

    Conflict while another training of the tenant runs: two at once would both compare themselves
    with the same champion.
    """
    await lock_release(conn)
    await release_store.bury(conn)
    found = await release_store.open_run(conn)
    if run_id is not None and (found is None or found.run_id != run_id):
        raise NotFound(f"training {run_id} is not open any more")
    if found is not None and found.started_at is not None:
        raise Conflict(
            f"a training of this tenant runs since {found.started_at:%Y-%m-%d %H:%M} UTC"
        )
    begun = (
        found.run_id
        if found
        else await release_store.ask_run(conn, Cause.COMMAND, principal.subject)
    )
    await release_store.begin_run(conn, begun)
    return await _run(conn, begun)


async def fail_run(conn: Conn, run_id: UUID, reason: str, principal: Principal) -> bool:
    """End a training that came to nothing; False if it had ended before."""
    return await _end_run(conn, run_id, Outcome.FAILED, reason, principal)


async def refuse_run(conn: Conn, run_id: UUID, reason: str, principal: Principal) -> bool:
    """End a training whose data could not carry a model; False if it had ended before."""
    return await _end_run(conn, run_id, Outcome.REFUSED, reason, principal)


async def _end_run(
    conn: Conn, run_id: UUID, outcome: Outcome, reason: str, principal: Principal
) -> bool:
    ended = await release_store.end_run(conn, run_id, outcome, reason[:2_000])
    await work.mark(conn, MIRROR, [principal.tenant_id])
    return ended


async def offer(
    conn: Conn,
    run_id: UUID,
    model: ModelDocument,
    judgement: Judgement,
    principal: Principal,
    force: str | None = None,
) -> Outcome:
    """Hand over a candidate: champion if every rule holds, or by force; challenger otherwise.

    `force` is the reason for letting it serve against the rules and needs the scope admin.
    """
    if force is not None:
        _forced(principal, force)
    await lock_release(conn)
    champion = await models_store.champion(conn)
    if judgement.champion != (champion.version if champion else None):
        raise Conflict("the champion changed while this model was trained; train again")
    await models_actions.keep_model(conn, model)
    outcome = _outcome(judgement, force)
    reason = force if outcome is Outcome.FORCED else _because(judgement)
    if not await release_store.end_run(conn, run_id, outcome, reason, model, judgement):
        raise Conflict(f"training {run_id} is not open any more: its model is not taken")
    await work.mark(conn, MIRROR, [principal.tenant_id])
    if outcome is Outcome.REFUSED:
        await _challenge(conn, model.version, champion, principal, reason)
    else:
        await models_actions.crown(conn, model.version, Deed(outcome), principal.subject, reason)
        await _plan(conn, principal.tenant_id)
    return outcome


def _forced(principal: Principal, reason: str) -> None:
    principal.require("admin")
    if not reason.strip():
        raise InvalidInput("force", reason, "the reason, in words")


def _outcome(judgement: Judgement, force: str | None) -> Outcome:
    if judgement.passed:
        return Outcome.PUBLISHED
    return Outcome.REFUSED if force is None else Outcome.FORCED


def _because(judgement: Judgement) -> str | None:
    return f"does not hold: {', '.join(judgement.failed)}" if judgement.failed else None


async def _challenge(
    conn: Conn,
    version: str,
    champion: ModelVersion | None,
    principal: Principal,
    reason: str | None,
) -> None:
    if champion is not None and champion.version == version:
        return  # the same bytes serve already
    await release_store.set_alias(
        conn, "challenger", version, Deed.REFUSED, principal.subject, reason
    )


async def _plan(conn: Conn, tenant_id: UUID) -> None:
    """Once a tenant has a model it is watched daily and trained anew on its schedule."""
    await work.mark(conn, WATCH, [tenant_id], delay_s=timedelta(days=1).total_seconds())
    if await release_store.schedule(conn, EVERY_DAYS, keep=True):
        await work.mark(
            conn, TRAIN, [tenant_id], delay_s=timedelta(days=EVERY_DAYS).total_seconds()
        )


async def rollback(conn: Conn, principal: Principal, reason: str | None = None) -> ModelVersion:
    """Let the champion before the present one serve again, everyone scored anew by it."""
    await lock_release(conn)
    version = champion_before(await release_store.champion_history(conn))
    if version is None:
        raise Conflict("there is no champion before the present one to go back to")
    await models_actions.crown(conn, version, Deed.ROLLED_BACK, principal.subject, reason)
    await work.mark(conn, MIRROR, [principal.tenant_id])
    return (await models_store.model_versions(conn, [version]))[version]


async def request_training(conn: Conn, principal: Principal) -> TrainingRun:
    """Have the worker train as soon as it can; an open training is told instead of a second one."""
    await lock_release(conn)
    await release_store.bury(conn)
    found = await release_store.open_run(conn)
    if found is not None:
        return found
    run_id = await release_store.ask_run(conn, Cause.REQUESTED, principal.subject)
    await work.mark(conn, TRAIN, [principal.tenant_id])
    return await _run(conn, run_id)


async def set_schedule(conn: Conn, every_days: int | None, principal: Principal) -> int | None:
    """Train anew every so many days, from now on; None: never by itself."""
    if every_days is not None and not 1 <= every_days <= EVERY_DAYS_MOST:
        raise InvalidInput("everyDays", every_days, f"1 to {EVERY_DAYS_MOST}, or none for never")
    await release_store.schedule(conn, every_days)
    if await release_store.open_run(conn) is not None:
        return every_days  # what is asked for goes on; its end plans the next one
    tenant = principal.tenant_id
    if every_days is not None:
        await work.mark(conn, TRAIN, [tenant], delay_s=every_days * 86_400.0)
    await release_store.put_off(conn, TRAIN, tenant, every_days)
    return every_days


async def _run(conn: Conn, run_id: UUID) -> TrainingRun:
    return (await release_store.training_runs_by_id(conn, [run_id]))[run_id]
