"""Trains a tenant's model where that is due or asked for, in a process of its own."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.risk.domain.release import ALIVE_S, Cause, Outcome
from services.risk.domain.work_lists import DAY_S, MIRROR, MIRROR_MAX_S, TRAIN, TRAIN_MAX_S
from services.risk.store import release as release_store
from services.risk.store.locks import lock_release
from shared.platform.config import Settings
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import WorkerContext
from shared.vocabulary.errors import ServiceUnavailable

AGAIN_S: Final = 3_600.0
"""After a training that broke off, train again so much later."""

LAST_WORDS: Final = 1_500


async def train(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Train in a child process: this one has neither pandas nor a fitting library.

    The child dies with us, and its model is taken only while its training is open.
    """
    async with context.db.write(tenant_id) as conn:
        await lock_release(conn)
        await release_store.expire_runs(conn)
        run = await release_store.open_run(conn)
        by_hand = run is not None and run.started_at is not None
        days = await release_store.every_days(conn)
        if by_hand or (run is None and days is None):
            await work.finish(conn, TRAIN, claims)
            if by_hand:
                await work.mark(conn, TRAIN, [tenant_id], delay_s=ALIVE_S)
            return
        run = run or await release_store.add_run(conn, Cause.SCHEDULED, "schedule")
    failure = await child(context.settings, "ml.cli.run", (tenant_id, run.run_id), TRAIN_MAX_S)
    async with context.db.write(tenant_id) as conn:
        reason = failure or "it ended without saying how"
        # A training that ended itself keeps its own outcome.
        await release_store.end_run(conn, run.run_id, Outcome.FAILED, reason[:2_000])
        run = (await release_store.training_runs_by_id(conn, [run.run_id]))[run.run_id]
        await work.finish(conn, TRAIN, claims)
        if days is not None:
            delay_s = AGAIN_S if run.outcome is Outcome.FAILED else days * DAY_S
            await work.mark(conn, TRAIN, [tenant_id], delay_s=delay_s)


async def mirror(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Bring MLflow up to where risk is, for a tenant where something moved."""
    if context.settings.mlflow_url != "off":
        failure = await child(context.settings, "ml.cli.mirror", (tenant_id,), MIRROR_MAX_S)
        if failure:
            raise ServiceUnavailable(f"MLflow is not up to date: {failure}")
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, MIRROR, claims)


async def child(
    settings: Settings, module: str, arguments: Sequence[object], timeout_s: float
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
        async with asyncio.timeout(timeout_s):
            _, stderr = await process.communicate()
    except TimeoutError:
        return f"it took longer than {timeout_s:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return None
    return stderr.decode(errors="replace")[-LAST_WORDS:].strip() or f"code {process.returncode}"


def environment(settings: Settings) -> dict[str, str]:
    """What the child reads: our settings; one thread, so that a fit does not take all cores."""
    paths = {
        "TENURE_DATA_DIR": str(settings.data_dir),
        "TENURE_SERVICE_HOST": settings.service_host,
        "TENURE_PORT": str(settings.port),
    }
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **(settings.overrides or {}), **paths, **threads}
