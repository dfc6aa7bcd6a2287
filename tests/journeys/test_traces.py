"""One trace from the gateway's door through services and SQL to the worker that acts later."""

import pytest

from tests.journeys.processes import Receiver, Stack, client, until

pytestmark = pytest.mark.stack


async def test_a_trace_runs_from_the_gateway_to_the_worker(
    empty: Stack, receiver: Receiver
) -> None:
    receiver.spans.clear()
    await member_added(empty)

    async def whole() -> bool:
        return any(is_whole(receiver, trace) for trace in receiver.traces())

    await until(whole, 30)


async def member_added(stack: Stack) -> None:
    """What starts work in another service's worker."""
    async with client(stack) as caller:
        created = await caller.post("accounts", [{"name": "Traced"}])
        added = await caller.data(
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
    spans = {(span.service, span.name) for span in receiver.traces()[trace]}
    return spans >= {
        ("tenure-gateway", "POST /graphql"),
        ("tenure-accounts", "POST /rpc/accounts"),
        ("tenure-accounts", "SELECT"),
        ("tenure-learning", "process MemberAdded"),
        ("tenure-learning-worker", "process recommend"),
        ("tenure-learning-worker", "SELECT"),
    }
