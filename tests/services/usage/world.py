"""An account with people, seats, plans, courses and features, as others tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from services.usage.actions.catalogue import FEATURES
from services.usage.app import SERVICE
from services.usage.domain import peers
from services.usage.domain.peers import Signals
from services.usage.store import reads
from services.usage.store import signals as signals_store
from shared.intake.rows import Receipt, receive
from shared.platform.auth import SCOPES, Principal
from shared.platform.db import Database
from shared.process.facts import LogEntry
from shared.process.listeners import hear
from shared.vocabulary.metric import MetricValue
from tests.services.usage.rows import DAY, MIDNIGHT, NOON, named, past, send

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

    async def told(self, service: str, kind: str, **payload: Any) -> None:
        """A fact of another service, carried out by whoever listens to it."""
        fact = msgspec.to_builtins({"account_id": self.account, **payload})
        entry = LogEntry(1, uuid4(), self.tenant, self.account, 1, kind, fact, NOON, NOON, None)
        async with self.db.write(self.tenant) as conn:
            await hear(conn, SERVICE.listeners[service], [entry])

    async def members(self, *names: str, recorded: datetime = LONG_AGO, **said: Any) -> None:
        """Members, known in events by their names."""
        for name in names:
            key = self.people.setdefault(name, uuid4())
            payload = {
                "external_id": name,
                "role": "user",
                "level": 1,
                "added_at": LONG_AGO,
                **said,
            }
            await self.told(
                "accounts", "MemberAdded", member_id=key, recorded_at=recorded, **payload
            )

    async def intends(self, users: int | None, *, internal: bool = False) -> None:
        await self.told(
            "accounts", "AccountChanged", name="Acme", external_ids=[], intended_users=users,
            internal=internal, recorded_at=LONG_AGO,
        )  # fmt: skip

    async def seats(self, seats: int, since: date, ended: date | None = None) -> None:
        recorded = datetime.combine(since, datetime.min.time(), UTC)
        await self.told(
            "accounts", "ContractChanged", contract_id=uuid4(), seats=seats, start_on=since,
            ended_on=ended, recorded_at=recorded,
        )  # fmt: skip

    async def plan(
        self, plan: str, quantity: int = 10, recorded: datetime = LONG_AGO, **said: Any
    ) -> None:
        line = {
            "id": "line", "plan": plan, "quantity": quantity, "started_at": LONG_AGO,
            "ended_at": None, "recorded_at": recorded, **said,
        }  # fmt: skip
        await self.told("billing", "BillingChanged", lines=[line])

    async def trained(
        self, name: str, at: datetime, recorded: datetime | None = None, *, required: bool = True
    ) -> None:
        course = "start" if required else "extra"
        done = {"member_id": self.people[name], "course": course, "completed_at": at}
        completed = [{**done, "recorded_at": recorded or at, "required": required}]
        await self.told("learning", "LearningChanged", completed=completed)

    async def features(self, *rows: Mapping[str, Any]) -> list[Receipt]:
        """Descriptions, known from long ago on."""
        given = [{"recordedAt": LONG_AGO, **row} for row in rows]
        async with self.db.write(self.tenant) as conn:
            return await receive(conn, self.loader, FEATURES, msgspec.json.encode(given))

    async def used(self, plan: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Each (member, feature) once at eleven on those days before the fifteenth."""
        await self._used(plan, None)

    async def late(self, plan: Mapping[tuple[str, str], Sequence[int]], recorded: datetime) -> None:
        """The same, known only much later."""
        await self._used(plan, recorded)

    async def _used(
        self, plan: Mapping[tuple[str, str], Sequence[int]], recorded: datetime | None
    ) -> None:
        known: dict[str, Any] = {"recordedAt": recorded} if recorded else {}
        rows = [
            past(self.account, _at(day, n), member, feature=feature, **known)
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
            seen = (await signals_store.signals(conn, [self.account], as_of))[self.account]
        return peers.signals(summary, seen)


def parts(metric: MetricValue) -> tuple[float | None, float | None, float | None]:
    return metric.value, metric.numerator, metric.denominator


def _at(day: int, minute: int) -> datetime:
    return MIDNIGHT - day * DAY + timedelta(hours=11, minutes=minute)
