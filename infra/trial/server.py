"""A scratch PostgreSQL with the services bound in this process; gone when it is left."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.servers.embedded import start_postgres
from infra.supervising.program import port_taken
from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.usage.app import SERVICE as USAGE
from shared.platform.config import Settings
from shared.platform.db import connect
from shared.platform.migrate import migrate_all
from shared.process.rpc import Dispatcher, Rpc
from shared.process.service import Service

SIGNAL_SERVICES: Final[tuple[Service, ...]] = (ACCOUNTS, USAGE, BILLING, LEARNING)
"""The services whose signals a forecast is made of."""
FIRST_PORT: Final = 18_000


@asynccontextmanager
async def scratch() -> AsyncGenerator[Settings]:
    """Settings of a migrated PostgreSQL that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="tenure-trial-") as folder:
        ports = range(FIRST_PORT, FIRST_PORT + 4_000, 20)
        port = next(p for p in ports if not port_taken("127.0.0.1", p + 10))
        environment = {"TENURE_DATA_DIR": folder, "TENURE_PORT": str(port)}
        settings = Settings.from_env(environment, begins=True)
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - before anything else runs
        with start_postgres(settings, durable=False, keep=False):
            await migrate_all(settings)
            yield settings


@asynccontextmanager
async def bound(settings: Settings) -> AsyncGenerator[Rpc]:
    """The services' own reads on that database, without processes between."""
    async with AsyncExitStack() as stack:
        local = {
            service.name: Dispatcher(
                await stack.enter_async_context(
                    connect(settings.service_database_url(service.name))
                ),
                reads=service.reads,
                commands={},
            )
            for service in SIGNAL_SERVICES
        }
        yield await stack.enter_async_context(Rpc(replace(settings), local=local))
