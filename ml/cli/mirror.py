"""Bring MLflow up to where risk is; the worker runs `python -m ml.cli.mirror TENANT`."""

import asyncio
import logging
import sys
from typing import Any, Final
from uuid import UUID

import msgspec

from ml.training.registry import ALIASES, Registry, RunRecord
from shared.platform.auth import Principal, system
from shared.platform.config import Settings
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.model_document import ModelDocument

RUNS: Final = 100
TIMEOUT_S: Final = 60.0


class _Runs(msgspec.Struct):
    items: list[RunRecord]


class _Model(msgspec.Struct):
    version: str
    aliases: list[str]


class _Models(msgspec.Struct):
    items: list[_Model]


async def mirror(rpc: Rpc, principal: Principal, settings: Settings) -> int:
    """Write down in MLflow what is not there yet and align the aliases; how many runs were new."""

    async def ask(name: str, returns: Any, **arguments: Any) -> Any:
        call = Call(remote(name, returns), arguments)
        return await rpc.send(principal, call, timeout_s=TIMEOUT_S)

    if settings.mlflow_url == "off":
        raise InvalidInput("TENURE_MLFLOW_URL", "off", "the URL of a server, or nothing")
    registry = await asyncio.to_thread(Registry, settings, principal.tenant_id)
    recorded = await asyncio.to_thread(registry.recorded)
    runs: list[RunRecord] = (await ask("risk.release.training_runs", _Runs, first=RUNS)).items
    new = [run for run in reversed(runs) if run.outcome and str(run.run_id) not in recorded]
    for run in new:
        model = None
        if run.version is not None:
            model = await ask(
                "risk.release.model_document", ModelDocument | None, version=run.version
            )
        await asyncio.to_thread(registry.record, run, model)
    models: list[_Model] = (await ask("risk.models.models", _Models, first=RUNS)).items
    holders = {alias: release.version for release in models for alias in release.aliases}
    await asyncio.to_thread(registry.align, {alias: holders.get(alias) for alias in ALIASES})
    return len(new)


async def _main(tenant_id: UUID) -> None:
    settings = Settings.from_env()
    async with Rpc(settings) as rpc:
        await mirror(rpc, system(tenant_id), settings)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(_main(UUID(sys.argv[1])))
