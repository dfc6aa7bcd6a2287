"""One installation for all journeys: a small tenant with known truth, trained and scored."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Iterator

import asyncpg
import pytest

from infra.servers import postgres
from shared.platform import auth
from tests.conftest import for_test
from tests.journeys.processes import (
    READY_WITHIN_S,
    Client,
    Receiver,
    Stack,
    client,
    receiving,
    until,
    up,
)

PROGRESS = "{ scoringProgress { hasChampion pending } }"


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """Where everything that is started sends its traces and metrics."""
    with receiving() as started:
        yield started


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Stack]:
    """Everything started as `make run` does, without demo data; stopped at the end."""
    settings = for_test(tmp_path_factory.mktemp("stack"))
    log = settings.data_dir / "up.log"
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    process = up(settings, log, "--no-demo", env=traced)
    try:
        yield asyncio.run(with_key(Stack(settings, "", "acme")))
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
        postgres.erase(settings)  # as root it may lie outside the temporary folder
        print(log.read_text()[-2_000:])  # noqa: T201 - shown where a journey fails
        assert code == 0


async def with_key(stack: Stack) -> Stack:
    """Wait for the gateway, then give the tenant a key."""
    async with client(stack) as caller:

        async def healthy() -> bool:
            try:
                return (await caller.get("/readyz"))[0] == 200
            except OSError:
                return False

        await until(healthy, READY_WITHIN_S)
    conn = await asyncpg.connect(stack.settings.owner_database_url)
    try:
        tenant = await auth.create_tenant(conn, stack.tenant)
        _, key = await auth.create_key(conn, tenant, "journeys", auth.SCOPES)
    finally:
        await conn.close()
    return Stack(stack.settings, key, stack.tenant)


@pytest.fixture(scope="session")
def stack(empty: Stack) -> Stack:
    """The installation with a small simulated tenant, trained and scored."""
    options = ("--url", empty.address, "--key", empty.key)
    empty.tenure("simulate", "--companies", "180", "--months", "20", "--seed", "3", *options)
    # rows end today, and of so few accounts the gate thinks differently from day to day
    empty.tenure("train", "--tenant", empty.tenant, "--force", "journeys want a model, whichever")
    asyncio.run(_scored(empty))
    return empty


async def _scored(stack: Stack) -> None:
    async with client(stack) as caller:

        async def scored() -> bool:
            progress = (await caller.data(PROGRESS))["scoringProgress"]
            return progress["hasChampion"] and progress["pending"] == 0

        await until(scored, READY_WITHIN_S)


@pytest.fixture
async def partner(stack: Stack) -> AsyncGenerator[Client]:
    """A client of the trained tenant."""
    async with client(stack) as caller:
        yield caller
