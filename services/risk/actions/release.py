"""Release models: trainings, the verdict of the gate, roll-back, the schedule."""

from uuid import UUID

from services.risk.actions import models as models_actions
from services.risk.domain.models import ModelVersion
from services.risk.domain.release import (
    EVERY_DAYS,
    MAX_EVERY_DAYS,
    Cause,
    Deed,
    Outcome,
    TrainingRun,
    champion_before,
)
from services.risk.domain.work_lists import DAY_S, MIRROR, TRAIN, WATCH
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
    await release_store.expire_runs(conn)
    run = await release_store.open_run(conn)
    if run_id is not None and (run is None or run.run_id != run_id):
        raise NotFound(f"training {run_id} is not open any more")
    if run is not None and run.started_at is not None:
        raise Conflict(f"a training of this tenant runs since {run.started_at:%Y-%m-%d %H:%M} UTC")
    run = run or await release_store.add_run(conn, Cause.COMMAND, principal.subject)
    return await release_store.begin_run(conn, run.run_id)


async def fail_run(conn: Conn, run_id: UUID, reason: str, principal: Principal) -> bool:
    """End a training that came to nothing; False if it had ended before."""
    return await _end_run(conn, run_id, Outcome.FAILED, reason, principal)


async def refuse_run(conn: Conn, run_id: UUID, reason: str, principal: Principal) -> bool:
    """End a training whose data could not carry a model; False if it had ended before."""
    return await _end_run(conn, run_id, Outcome.REFUSED, reason, principal)


async def _end_run(
    conn: Conn, run_id: UUID, outcome: Outcome, reason: str, principal: Principal
) -> bool:
    is_ended = await release_store.end_run(conn, run_id, outcome, reason[:2_000])
    await work.mark(conn, MIRROR, [principal.tenant_id])
    return is_ended


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
        _check_force(principal, force)
    await lock_release(conn)
    champion = await models_store.champion(conn)
    if judgement.champion != (champion.version if champion else None):
        raise Conflict("the champion changed while this model was trained; train again")
    await models_actions.save_model(conn, model)
    outcome = _outcome(judgement, force)
    reason = force if outcome is Outcome.FORCED else _failures(judgement)
    if not await release_store.end_run(conn, run_id, outcome, reason, model, judgement):
        raise Conflict(f"training {run_id} is not open any more: its model is not taken")
    await work.mark(conn, MIRROR, [principal.tenant_id])
    version = model.version
    if outcome is not Outcome.REFUSED:
        await models_actions.change_champion(conn, version, Deed(outcome), principal, reason)
        await _schedule(conn, principal.tenant_id)
    elif version != judgement.champion:  # the same bytes may serve already
        await release_store.set_alias(
            conn, "challenger", version, Deed.REFUSED, principal.subject, reason
        )
    return outcome


def _check_force(principal: Principal, reason: str) -> None:
    principal.require("admin")
    if not reason.strip():
        raise InvalidInput("force", reason, "the reason, in words")


def _outcome(judgement: Judgement, force: str | None) -> Outcome:
    if judgement.passed:
        return Outcome.PUBLISHED
    return Outcome.REFUSED if force is None else Outcome.FORCED


def _failures(judgement: Judgement) -> str | None:
    return f"does not hold: {', '.join(judgement.failed)}" if judgement.failed else None


async def _schedule(conn: Conn, tenant_id: UUID) -> None:
    """Once a tenant has a model it is watched daily and trained anew on its schedule."""
    await work.mark(conn, WATCH, [tenant_id], delay_s=DAY_S)
    if await release_store.schedule(conn, EVERY_DAYS, first_time=True):
        await work.mark(conn, TRAIN, [tenant_id], delay_s=EVERY_DAYS * DAY_S)


async def rollback(conn: Conn, principal: Principal, reason: str | None = None) -> ModelVersion:
    """Let the champion before the present one serve again, everyone scored anew by it."""
    await lock_release(conn)
    version = champion_before(await release_store.champion_history(conn))
    if version is None:
        raise Conflict("there is no champion before the present one to go back to")
    model = await models_actions.change_champion(conn, version, Deed.ROLLED_BACK, principal, reason)
    await work.mark(conn, MIRROR, [principal.tenant_id])
    return model


async def request_training(conn: Conn, principal: Principal) -> TrainingRun:
    """Have the worker train as soon as it can; where a training is open, answer that one."""
    await lock_release(conn)
    await release_store.expire_runs(conn)
    run = await release_store.open_run(conn)
    if run is None:
        run = await release_store.add_run(conn, Cause.REQUESTED, principal.subject)
        await work.mark(conn, TRAIN, [principal.tenant_id])
    return run


async def set_schedule(conn: Conn, every_days: int | None, principal: Principal) -> int | None:
    """Train anew every so many days, from now on; None: never by itself."""
    if every_days is not None and not 1 <= every_days <= MAX_EVERY_DAYS:
        raise InvalidInput("everyDays", every_days, f"1 to {MAX_EVERY_DAYS}, or none for never")
    await release_store.schedule(conn, every_days)
    if await release_store.open_run(conn) is not None:
        return every_days  # what is asked for goes on; its end plans the next one
    tenant_id = principal.tenant_id
    if every_days is not None:
        await work.mark(conn, TRAIN, [tenant_id], delay_s=every_days * DAY_S)
    await release_store.put_off(conn, TRAIN, tenant_id, every_days)
    return every_days
