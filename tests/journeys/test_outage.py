"""A service that dies takes its own fields along and nothing else, and comes back by itself."""

import json
import os
import signal
from typing import Any

import pytest

from tests.journeys.processes import Client, Stack, until

pytestmark = pytest.mark.stack

PAGE = """
query Page {
  viewer { subject }
  atRisk(first: 3) { nodes { risk { band } } }
  accounts(first: 5) {
    nodes {
      id name
      usage { events28 { value } }
      billing { mrr { cents } }
      learning { learners }
      risk { band }
    }
  }
}"""

OWN_FIELDS = {
    "usage": {"usage"},
    "billing": {"billing"},
    "learning": {"learning"},
    "risk": {"risk", "atRisk"},
}


def pid_of(stack: Stack, program: str) -> int:
    """The process of a program, as the supervisor knows it."""
    state = json.loads((stack.settings.data_dir / "state.json").read_text())
    (line,) = (each for each in state["programs"] if each["name"] == program)
    return line["pid"]


@pytest.mark.parametrize("service", OWN_FIELDS)
async def test_a_killed_service_nulls_its_fields_and_the_rest_answers(
    service: str, stack: Stack, partner: Client
) -> None:
    async def whole() -> dict[str, Any] | None:
        answer = await partner.graphql(PAGE)
        return None if answer.get("errors") else answer

    async def torn() -> dict[str, Any] | None:
        answer = await partner.graphql(PAGE)
        return answer if answer.get("errors") else None

    await until(whole, 30)
    os.kill(pid_of(stack, service), signal.SIGKILL)
    answer = await until(torn, 10, every_s=0.01)

    missing = {error["path"][-1] for error in answer["errors"]}
    assert missing <= OWN_FIELDS[service]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"SERVICE_UNAVAILABLE"}
    assert answer["data"]["viewer"]["subject"].startswith("key:")
    for node in answer["data"]["accounts"]["nodes"]:
        assert node["name"]
        present = {field for field, value in node.items() if value is not None}
        assert present >= {"usage", "billing", "learning"} - OWN_FIELDS[service]
    await until(whole, 30)


async def test_without_accounts_names_are_null_and_risk_still_answers(
    stack: Stack, partner: Client
) -> None:
    page = "{ atRisk(first: 3) { nodes { account { id name } risk { band } } } }"

    async def torn() -> dict[str, Any] | None:
        answer = await partner.graphql(page)
        return answer if answer.get("errors") else None

    async def whole() -> bool:
        return not (await partner.graphql(page)).get("errors")

    os.kill(pid_of(stack, "accounts"), signal.SIGKILL)
    answer = await until(torn, 10, every_s=0.01)

    nodes = answer["data"]["atRisk"]["nodes"]
    assert [node["account"]["name"] for node in nodes] == [None] * 3
    assert all(node["risk"]["band"] for node in nodes)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"SERVICE_UNAVAILABLE"}
    await until(whole, 30)
