"""Trains where it is due or asked for: a process of its own, on record, one per tenant."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.risk.domain.release import Cause, Outcome
from services.risk.domain.work_lists import MIRROR, MIRROR_MAX_S, TRAIN, TRAIN_MAX_S
from services.risk.store import release as release_store
from services.risk.store.locks import lock_release
from shared.platform.config import Settings
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import WorkerContext
from shared.vocabulary.errors import ServiceUnavailable

AGAIN_S: Final = 3_600.0
"""After a training that broke off, or while somebody else trains, look again so much later."""

DAY_S: Final = 86_400.0
LAST_WORDS: Final = 1_500


async def train(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Train a tenant's model.

    This process has neither pandas nor a fitting library and is to answer quickly: the fit is a
    child's, which dies with us, and whose model is taken only while its training is open.
    """
    async with context.db.write(tenant_id) as conn:
        await lock_release(conn)
        await release_store.bury(conn)
        found = await release_store.open_run(conn)
        by_hand = found is not None and found.started_at is not None
        days = await release_store.every_days(conn)
        if by_hand or (found is None and days is None):
            await work.finish(conn, TRAIN, claims)
            if by_hand:
                await work.mark(conn, TRAIN, [tenant_id], delay_s=AGAIN_S)
            return
        run_id = (
            found.run_id
            if found
            else await release_store.ask_run(conn, Cause.SCHEDULED, "schedule")
        )
    failure = await child(context.settings, "ml.cli.run", (tenant_id, run_id), TRAIN_MAX_S)
    async with context.db.write(tenant_id) as conn:
        said = failure or "it ended without saying how"
        await release_store.end_run(
            conn, run_id, Outcome.FAILED, said[:2_000]
        )  # unless it ended itself
        run = (await release_store.training_runs_by_id(conn, [run_id]))[run_id]
        await work.finish(conn, TRAIN, claims)
        if days is not None:
            broke_off = run.outcome is Outcome.FAILED
            await work.mark(
                conn, TRAIN, [tenant_id], delay_s=AGAIN_S if broke_off else days * DAY_S
            )


async def mirror(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Bring MLflow up to where risk is, for a tenant where something moved."""
    if context.settings.mlflow_url != "off":
        failure = await child(context.settings, "ml.cli.mirror", (tenant_id,), MIRROR_MAX_S)
        if failure:
            raise ServiceUnavailable(f"MLflow is not up to date: {failure}")
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, MIRROR, claims)


async def child(
    settings: Settings, module: str, arguments: Sequence[object], most_s: float
) -> str | None:
    """Run one of our modules to its end; None if all went well, else its last words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *map(str, arguments),
        cwd=settings.project_dir,
        env=environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), most_s)
    except TimeoutError:
        return f"it took longer than {most_s:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return None
    return said.decode(errors="replace")[-LAST_WORDS:].strip() or f"code {process.returncode}"


def environment(settings: Settings) -> dict[str, str]:
    """What the child reads: our settings; one thread, so that a fit does not take all cores."""
    named = {
        "TENURE_DATA_DIR": str(settings.data_dir),
        "TENURE_HOST": settings.host,
        "TENURE_PORT": str(settings.port),
    }
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **(settings.overrides or {}), **named, **one_thread}
