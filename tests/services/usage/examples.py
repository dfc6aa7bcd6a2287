"""Events as a caller sends them, what others tell, and an account with people and seats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.usage.actions.catalogue import FEATURES
from services.usage.actions.value_plan import MILESTONES, USE_CASES
from services.usage.app import SERVICE
from services.usage.domain import peers
from services.usage.domain.peers import Signals
from services.usage.domain.summary import UsageSummary
from services.usage.domain.work_lists import ANNOUNCE
from services.usage.store import reads
from services.usage.store import reads as reads_store
from services.usage.store import signals as signals_store
from shared.intake.rows import BulkRoute, Receipt, receive
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Database
from shared.process.facts import LogEntry
from shared.process.listeners import hear
from shared.vocabulary.metric import MetricValue

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)
DAY = timedelta(days=1)
EVENTS = SERVICE.bulk_routes["ingest"][0]


def event(account: UUID | None = None, **values: Any) -> dict[str, Any]:
    return {
        "id": uuid4().hex, "feature": "reports",
        "occurredAt": datetime.now(UTC) - timedelta(hours=1),
        **({"accountId": account} if account else {}), **values,
    }  # fmt: skip


def past(account: UUID, occurred: datetime, member: str = "ann", **values: Any) -> dict[str, Any]:
    """An event of history, known a minute after it happened."""
    recorded = occurred + timedelta(minutes=1)
    return event(
        account, occurredAt=occurred, memberId=member, **{"recordedAt": recorded, **values}
    )


async def send(db: Database, caller: Principal, rows: Sequence[object] | bytes) -> list[Receipt]:
    body = rows if isinstance(rows, bytes) else msgspec.json.encode(rows)
    async with db.write(caller.tenant_id) as conn:
        return await receive(conn, caller, EVENTS, body)


def statuses(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.status for receipt in receipts]


async def tell(db: Database, tenant: UUID, kind: str, account: UUID, **payload: Any) -> None:
    """A fact of accounts, carried out by whoever listens to it."""
    now = datetime.now(UTC)
    fact = msgspec.to_builtins({"account_id": account, **payload})
    entry = LogEntry(1, uuid4(), tenant, account, 1, kind, fact, now, now, None)
    async with db.write(tenant) as conn:
        await hear(conn, SERVICE.listeners["accounts"], [entry])


async def an_account(db: Database, tenant: UUID, *names: tuple[str, str]) -> UUID:
    return await named(db, tenant, uuid4(), *names)


async def named(db: Database, tenant: UUID, account: UUID, *names: tuple[str, str]) -> UUID:
    externals = [{"source": source, "external_id": name} for source, name in names]
    await tell(db, tenant, "AccountCreated", account, name="Acme", external_ids=externals)
    return account


async def with_seats(db: Database, tenant: UUID, account: UUID, seats: int, since: date) -> None:
    contract = {"contract_id": uuid4(), "seats": seats, "start_on": since, "ended_on": None}
    recorded = datetime.combine(since, datetime.min.time(), UTC)
    await tell(db, tenant, "ContractChanged", account, recorded_at=recorded, **contract)


async def summary(
    db: Database, tenant: UUID, account: UUID, as_of: datetime | None = None
) -> UsageSummary:
    async with db.read(tenant) as conn:
        return (await reads_store.summary(conn, [account], as_of))[account]


async def marked(db: Database, tenant: UUID) -> set[UUID]:
    async with db.read(tenant) as conn:
        rows = await conn.fetch("SELECT key FROM work WHERE list = $1", ANNOUNCE.name)
    return {row["key"] for row in rows}


YEARS_AGO = "2020-01-01T00:00:00Z"


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def used(
    account: UUID, member: str, days: Iterable[date], feature: str = "reports", **values: Any
) -> list[dict[str, Any]]:
    """One event at noon of each day, known a minute later."""
    return [
        event(
            account, feature=feature, memberId=member, occurredAt=noon(day),
            **{"recordedAt": noon(day) + timedelta(minutes=1), **values},
        )
        for day in days
    ]  # fmt: skip


async def send_rows(
    db: Database, caller: Principal, kind: BulkRoute, *rows: dict[str, Any]
) -> list[Receipt]:
    async with db.write(caller.tenant_id) as conn:
        return await receive(conn, caller, kind, msgspec.json.encode(rows))


async def use_case(db: Database, caller: Principal, **values: Any) -> None:
    row = {"key": "report", "job": "Report", "coreAction": "reports", "naturalFrequencyDays": 7}
    (receipt,) = await send_rows(db, caller, USE_CASES, {"recordedAt": YEARS_AGO, **row, **values})
    assert receipt.status == "accepted", receipt


async def milestone(db: Database, caller: Principal, key: str, **values: Any) -> None:
    row = {"key": key, "title": key, "features": [key]}
    (receipt,) = await send_rows(db, caller, MILESTONES, {"recordedAt": YEARS_AGO, **row, **values})
    assert receipt.status == "accepted", receipt


async def contract(db: Database, tenant: UUID, account: UUID, start: date, **values: Any) -> None:
    fact = {
        "contract_id": uuid4(), "seats": 10, "start_on": start, "ended_on": None,
        "term_months": 12, "outcome": "pending",
        "recorded_at": datetime.combine(start, time(), UTC), **values,
    }  # fmt: skip
    await tell(db, tenant, "ContractChanged", account, **fact)


def caller_in(tenant: UUID, zone: str = "UTC") -> Principal:
    return Principal(tenant, "loader", SCOPES, zone)


async def load(db: Database, caller: Principal, rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), 1_000):
        receipts = await send(db, caller, rows[at : at + 1_000])
        assert {receipt.status for receipt in receipts} <= {"accepted", "late"}


LONG_AGO = NOON - 400 * DAY


@dataclass
class World:
    """One account; everything is known from long ago on, unless a test says when."""

    db: Database
    tenant: UUID
    account: UUID
    people: dict[str, UUID] = field(default_factory=dict)

    @property
    def loader(self) -> Principal:
        return Principal(self.tenant, "loader", SCOPES)

    async def other(self) -> "World":
        """Another account of the tenant."""
        return World(self.db, self.tenant, await named(self.db, self.tenant, uuid4()))

    async def tell(self, service: str, kind: str, **payload: Any) -> None:
        """A fact of another service, carried out by whoever listens to it."""
        fact = msgspec.to_builtins({"account_id": self.account, **payload})
        entry = LogEntry(1, uuid4(), self.tenant, self.account, 1, kind, fact, NOON, NOON, None)
        async with self.db.write(self.tenant) as conn:
            await hear(conn, SERVICE.listeners[service], [entry])

    async def members(self, *names: str, recorded: datetime = LONG_AGO, **values: Any) -> None:
        """Members, known in events by their names."""
        for name in names:
            key = self.people.setdefault(name, uuid4())
            payload = {
                "external_id": name,
                "role": "user",
                "level": 1,
                "added_at": LONG_AGO,
                **values,
            }
            await self.tell(
                "accounts", "MemberAdded", member_id=key, recorded_at=recorded, **payload
            )

    async def intends(self, users: int | None, *, internal: bool = False) -> None:
        await self.tell(
            "accounts", "AccountChanged", name="Acme", external_ids=[], intended_users=users,
            internal=internal, recorded_at=LONG_AGO,
        )  # fmt: skip

    async def seats(self, seats: int, since: date, ended: date | None = None) -> None:
        recorded = datetime.combine(since, datetime.min.time(), UTC)
        await self.tell(
            "accounts", "ContractChanged", contract_id=uuid4(), seats=seats, start_on=since,
            ended_on=ended, recorded_at=recorded,
        )  # fmt: skip

    async def plan(
        self, plan: str, quantity: int = 10, recorded: datetime = LONG_AGO, **values: Any
    ) -> None:
        line = {
            "id": "line", "plan": plan, "quantity": quantity, "started_at": LONG_AGO,
            "ended_at": None, "recorded_at": recorded, **values,
        }  # fmt: skip
        await self.tell("billing", "BillingChanged", lines=[line])

    async def trained(
        self, name: str, at: datetime, recorded: datetime | None = None, *, required: bool = True
    ) -> None:
        course = "start" if required else "extra"
        done = {"member_id": self.people[name], "course": course, "completed_at": at}
        completed = [{**done, "recorded_at": recorded or at, "required": required}]
        await self.tell("learning", "LearningChanged", completed=completed)

    async def features(self, *rows: Mapping[str, Any]) -> list[Receipt]:
        """Descriptions, known from long ago on."""
        versions = [{"recordedAt": LONG_AGO, **row} for row in rows]
        async with self.db.write(self.tenant) as conn:
            return await receive(conn, self.loader, FEATURES, msgspec.json.encode(versions))

    async def used(self, plan: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Each (member, feature) once at eleven on those days before the fifteenth."""
        await self._used(plan, None)

    async def late(self, plan: Mapping[tuple[str, str], Sequence[int]], recorded: datetime) -> None:
        """The same, known only much later."""
        await self._used(plan, recorded)

    async def _used(
        self, plan: Mapping[tuple[str, str], Sequence[int]], recorded: datetime | None
    ) -> None:
        recording: dict[str, Any] = {"recordedAt": recorded} if recorded else {}
        rows = [
            past(self.account, _at(day, n), member, feature=feature, **recording)
            for (member, feature), days in plan.items()
            for n, day in enumerate(days)
        ]
        for row in rows:
            if not row["memberId"]:
                del row["memberId"]
        for at in range(0, len(rows), 2_000):
            receipts = await send(self.db, self.loader, rows[at : at + 2_000])
            assert {receipt.status for receipt in receipts} <= {"accepted", "late"}, receipts

    async def signals(self, as_of: datetime | None = NOON) -> Signals:
        async with self.db.read(self.tenant) as conn:
            summary = (await reads.summary(conn, [self.account], as_of))[self.account]
            counts = (await signals_store.signals(conn, [self.account], as_of))[self.account]
        return peers.signals(summary, counts)


def parts(metric: MetricValue) -> tuple[float | None, float | None, float | None]:
    return metric.value, metric.numerator, metric.denominator


def _at(day: int, minute: int) -> datetime:
    return MIDNIGHT - day * DAY + timedelta(hours=11, minutes=minute)
