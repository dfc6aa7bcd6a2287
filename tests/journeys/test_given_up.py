"""Work that is given up: whoever operates Tenure sees it, and has it tried again."""

import subprocess
import sys

import asyncpg
import pytest

from tests.journeys.processes import Receiver, Stack, until

pytestmark = pytest.mark.stack

GIVE_UP = """
INSERT INTO learning.work (tenant_id, list, key, wanted, next_at, attempt, last_error)
SELECT tenant_id, 'recommend', gen_random_uuid(), 1, 'infinity', 12, 'ValueError: no course fits'
FROM access.tenant WHERE name = $1
"""
GAUGE = ("tenure.work.given_up", "recommend", "learning")


def status(stack: Stack) -> tuple[int, str]:
    """What `tenure status` says, and its code."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "status"],
        env=stack.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


async def test_given_up_work_is_seen_everywhere_and_tried_again(
    empty: Stack, receiver: Receiver
) -> None:
    assert empty.tenure("work", "list") == "Nothing is given up.\n"
    conn = await asyncpg.connect(empty.settings.owner_database_url)
    await conn.execute(GIVE_UP, empty.tenant)
    await conn.close()

    code, output = status(empty)
    assert code == 1
    assert "learning-worker is degraded: problem work is given up" in output

    async def is_counted(value: int) -> bool:
        return receiver.gauges.get(GAUGE) == value

    await until(lambda: is_counted(1), 40)
    listed = "acme  learning.recommend  1  ValueError: no course fits\n"
    assert empty.tenure("work", "list", "--tenant", "acme") == listed
    assert empty.tenure("work", "retry", "--list", "risk.rescore").endswith(": 0\n")
    assert empty.tenure("work", "retry", "--list", "learning.recommend").endswith(
        "Things that are tried again: 1\n"
    )
    assert status(empty)[0] == 0
    await until(lambda: is_counted(0), 40)
