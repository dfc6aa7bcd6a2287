"""Rows and facts as others send them; each takes only what the test is about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.learning import jobs
from services.learning.actions import courses as courses_actions
from services.learning.actions import progress as progress_actions
from services.learning.app import SERVICE
from services.learning.domain.paths import LearningPath
from services.learning.domain.work_lists import RECOMMEND
from services.learning.store import paths
from shared.platform.auth import Principal
from shared.platform.db import Conn, Database
from shared.process.facts import LogEntry
from shared.process.listeners import hear
from tests.examples import send, worker_context

JANUARY = datetime(2025, 1, 1, tzinfo=UTC)
JUNE = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def course(code: str, **values: Any) -> dict[str, Any]:
    return {
        "code": code, "title": code.title(), "minutes": 20, "skill": "reporting", "level": 1,
        "modality": "video", "recordedAt": JANUARY, **values,
    }  # fmt: skip


def step(account: UUID, member: UUID, code: str, **values: Any) -> dict[str, Any]:
    at = values.pop("at", JUNE - 10 * DAY)
    kind = values.get("kind", "completed")
    return {
        "id": f"{member}/{code}/{kind}", "accountId": account, "memberId": member,
        "courseCode": code, "kind": kind, "occurredAt": at, "recordedAt": at, **values,
    }  # fmt: skip


async def teach(db: Database, principal: Principal, *rows: dict[str, Any]) -> None:
    receipts = await send(db, principal, courses_actions.COURSES, *rows)
    assert {receipt.status for receipt in receipts} == {"accepted"}, receipts


async def took(db: Database, principal: Principal, *rows: dict[str, Any]) -> None:
    receipts = await send(db, principal, progress_actions.PROGRESS, *rows)
    assert {receipt.status for receipt in receipts} == {"accepted"}, receipts


def member_fact(tenant: UUID, account: UUID, member: UUID, **values: Any) -> LogEntry:
    """MemberAdded as the log of accounts carries it."""
    payload = {
        "account_id": str(account), "member_id": str(member), "external_id": "M-1",
        "role": "analyst", "level": 1, "added_at": JANUARY.isoformat(), **values,
    }  # fmt: skip
    return LogEntry(
        1, uuid4(), tenant, account, 1, "MemberAdded", payload, JANUARY, JANUARY, None
    )  # fmt: skip


async def hears(db: Database, *entries: LogEntry) -> None:
    """What the consumer does with entries of the log of accounts."""
    for entry in entries:
        async with db.write(entry.tenant_id) as conn:
            await hear(conn, SERVICE.listeners["accounts"], [entry])


async def drained(db: Database) -> int:
    return await jobs.WORKER.drain(worker_context(db), RECOMMEND)


async def path_of(
    db: Database, tenant: UUID, member: UUID, as_of: datetime | None = None
) -> LearningPath | None:
    async with db.read(tenant) as conn:
        return (await paths.path(conn, [member], as_of)).get(member)


def codes(path: LearningPath | None) -> list[str]:
    assert path is not None
    return [item.course.code for item in path.items]


async def facts_told(owner: Conn, kind: str) -> list[dict[str, Any]]:
    rows = await owner.fetch(
        "SELECT payload::text FROM learning.outbox WHERE type = $1 ORDER BY id", kind
    )
    return [msgspec.json.decode(row["payload"]) for row in rows]
