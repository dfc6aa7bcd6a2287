"""One trace from the gateway's door through services and SQL to the worker that acts later."""

import signal
from pathlib import Path

import pytest

from infra.servers import postgres
from tests.conftest import for_test
from tests.journeys.conftest import with_key
from tests.journeys.otlp import Receiver, receiving
from tests.journeys.stack import Stack, client, until, up

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


async def test_a_trace_runs_from_the_gateway_to_the_worker(tmp_path: Path) -> None:
    settings = for_test(tmp_path)
    async with receiving() as receiver:
        told = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        process = up(settings, tmp_path / "up.log", "--no-demo", env=told)
        try:
            await member_added(await with_key(Stack(settings, "", "acme")))

            async def whole() -> bool:
                return any(is_whole(receiver, trace) for trace in receiver.traces())

            await until(whole, 30)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            postgres.erase(settings)


async def member_added(stack: Stack) -> None:
    """What starts work in another service's worker."""
    async with client(stack) as asked:
        created = await asked.post("accounts", [{"name": "Traced"}])
        added = await asked.data(
            """mutation($input: MembersUpsertInput!) {
              membersUpsert(input: $input) { userErrors { message } } }""",
            input={
                "members": [
                    {"accountId": created[0]["id"], "externalId": "t1", "role": "user", "level": 0}
                ]
            },
        )
        assert added["membersUpsert"]["userErrors"] == []


def is_whole(receiver: Receiver, trace: str) -> bool:
    """Gateway, service, its SQL, and the worker with its SQL."""
    seen = {(span.service, span.name) for span in receiver.traces()[trace]}
    return seen >= {
        ("tenure-gateway", "POST /graphql"),
        ("tenure-accounts", "POST /rpc/accounts"),
        ("tenure-accounts", "SELECT"),
        ("tenure-learning", "process MemberAdded"),
        ("tenure-learning-worker", "process recommend"),
        ("tenure-learning-worker", "SELECT"),
    }
