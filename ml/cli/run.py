"""What the worker starts: train for a tenant on record, `python -m ml.cli.run TENANT RUN`."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from uuid import UUID

from ml.cli.train import released
from ml.training.train import Training
from shared.platform.auth import system
from shared.platform.config import Settings
from shared.process.rpc import Rpc
from shared.vocabulary.errors import Refusal


def _silent(*_: object) -> None:
    """Nobody watches the steps."""


async def _main(tenant_id: UUID, run_id: UUID) -> None:
    settings = Settings.from_env()
    async with Rpc(settings) as rpc:
        training = Training(rpc, system(tenant_id), datetime.now(UTC), _silent)
        await released(training, 0, run_id, None)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        asyncio.run(_main(UUID(sys.argv[1]), UUID(sys.argv[2])))
    except Refusal as error:
        sys.exit(str(error))
