"""Rows of every kind as they are until a moment, and how each kind of row changes after it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

Row: TypeAlias = dict[str, Any]

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LONG_AGO, DECIDED = 800, 120
"""Days ago: when all began, when the first contracts were lost or renewed."""
ACCOUNTS, LOST, OPEN = 30, 10, 20
"""Accounts; those that lost their first contract; those with a contract that goes on."""
HEAVY = 2
"""The first accounts have some of everything."""


def ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


def on(days: int) -> date:
    return ago(days).date()


def accounts() -> Iterator[Row]:
    for n in range(ACCOUNTS):
        yield {
            "name": f"Company {n:02}", "externalId": {"source": "crm", "id": f"c{n}"},
            "traits": {"nps": 40}, "tags": ["old"], "intendedUsers": 20, "industry": "steel",
            "createdAt": ago(LONG_AGO), "recordedAt": ago(LONG_AGO),
        }  # fmt: skip


def members(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, key in enumerate(keys):
        shared = {"accountId": str(key), "startedAt": ago(790), "recordedAt": ago(790)}
        for k, role in enumerate(("admin", "user", "viewer")):
            name = f"m{n}-{k}"
            yield {**shared, "externalId": name, "email": f"{name}@a.eu", "role": role, "level": k}
        if n < HEAVY:
            yield {**shared, "externalId": f"left{n}", "role": "user", "endedAt": ago(50)}
            yield {**shared, "externalId": f"staff{n}", "role": "user", "internal": True}


def first_contracts(keys: Sequence[UUID]) -> Iterator[Row]:
    for key in keys:
        yield {
            "accountId": str(key), "externalId": "first", "startOn": on(LONG_AGO),
            "endOn": on(DECIDED), "termMonths": 22, "autoRenew": False, "seats": 10,
            "mrrCents": 150_000, "currency": "EUR", "recordedAt": ago(LONG_AGO),
        }  # fmt: skip


def contracts(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, row in enumerate(first_contracts(keys)):
        end = {"endedOn": on(DECIDED), "outcome": "lost", "endReason": "voluntary"}
        yield {**row, "recordedAt": ago(DECIDED), **(end if n < LOST else {"outcome": "renewed"})}
        if n < OPEN:
            yield {
                **row, "externalId": "second", "startOn": on(100), "endOn": None, "termMonths": 12,
                "autoRenew": True, "noticeDays": 30, "seats": 12, "recordedAt": ago(100),
            }  # fmt: skip


def tickets(keys: Sequence[UUID]) -> Iterator[Row]:
    for key in keys[:HEAVY]:
        for n, severity in enumerate(("low", "high", "urgent")):
            opened = ago(10 + 20 * n)
            yield {
                "id": f"{key}-{n}", "accountId": str(key), "openedAt": opened, "severity": severity,
                "ticketClass": "bug", "firstReplyAt": opened + timedelta(hours=30 * n + 1),
                "recordedAt": ago(5),
            }  # fmt: skip


def events(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, key in enumerate(keys):
        for day in range(1, 120, 2 + n % 3):
            yield event(key, day, f"m{n}-{day % 3}", "reports")
        for day in range(215, 219):
            yield event(key, day, f"m{n}-0", "sync" if n % 2 else "export")
        for day in range(1, 25 if n < HEAVY else 1):
            for minute in range(1, 50, 2 if n == 0 else 16):
                yield event(key, day, f"m{n}-0", "reports", minute)
            yield event(key, day, f"staff{n}", "export", 20)
            yield event(key, day, f"m{n}-1", "export", 20)
            yield event(key, day, f"visitor{n}", "reports", 20)


def event(key: UUID, day: int, member: str, feature: str, minute: int = 0) -> Row:
    at = ago(day) + timedelta(hours=12, minutes=minute)
    return {
        "id": f"{key}-{day}-{member}-{feature}-{minute}", "accountId": str(key), "memberId": member,
        "feature": feature, "occurredAt": at, "recordedAt": at + timedelta(minutes=1),
    }  # fmt: skip


def subscriptions(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, key in enumerate(keys):
        line = {
            "id": f"line{n}", "accountId": str(key), "plan": "team", "quantity": 10,
            "unitPriceCents": 1_500, "interval": "month", "currency": "EUR", "discountShare": 0.1,
            "startedAt": ago(LONG_AGO), "recordedAt": ago(LONG_AGO),
        }  # fmt: skip
        yield line
        if n == 0:
            yield {**line, "id": "dollars", "plan": "pro", "currency": "USD"}


def invoices(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, key in enumerate(keys[:HEAVY]):
        for name, issued in (("paid", 90), ("overdue", 60), ("due", 9)):
            yield {
                "id": f"{name}{n}", "accountId": str(key), "amountCents": 9_900, "currency": "EUR",
                "issuedAt": ago(issued), "dueOn": on(issued - 30), "recordedAt": ago(issued),
                "paidAt": ago(70) if name == "paid" else None,
            }  # fmt: skip


def payments(keys: Sequence[UUID]) -> Iterator[Row]:
    for n, key in enumerate(keys[:HEAVY]):
        for succeeded, days in ((True, 70), (False, 40)):
            yield {
                "id": f"{n}-{days}", "invoiceId": f"paid{n}", "accountId": str(key),
                "attemptedAt": ago(days), "succeeded": succeeded, "recordedAt": ago(days),
            }  # fmt: skip


def payment_methods(keys: Sequence[UUID]) -> Iterator[Row]:
    for key in keys[:HEAVY]:
        yield {
            "accountId": str(key), "method": "card", "validFrom": ago(300), "recordedAt": ago(300)
        }  # fmt: skip


def progress(keys: Sequence[UUID], people: Mapping[str, UUID]) -> Iterator[Row]:
    steps = [(0, "a", "completed", 80), (0, "b", "assessed", 70), (1, "a", "enrolled", 60)]
    for n, key in enumerate(keys[:HEAVY]):
        for k, course, kind, days in [(0, "a", "enrolled", 90), *steps]:
            yield {
                "id": f"{n}-{k}-{course}-{kind}", "accountId": str(key), "courseCode": course,
                "memberId": str(people[f"m{n}-{k}"]), "kind": kind, "occurredAt": ago(days),
                "recordedAt": ago(days), "score": 0.9 if kind == "assessed" else None,
            }  # fmt: skip


BY_ACCOUNT: Mapping[str, Callable[[Sequence[UUID]], Iterator[Row]]] = {
    "contracts": contracts,
    "tickets": tickets,
    "events": events,
    "subscriptions": subscriptions,
    "invoices": invoices,
    "payments": payments,
    "payment-methods": payment_methods,
}
PEOPLE: list[Row] = [
    {"type": "identify", "userId": f"m{n}-1", "anonymousId": f"visitor{n}"} for n in range(HEAVY)
]
"""What an analytics library says once visitors have signed in."""
OF_THE_TENANT: Mapping[str, list[Row]] = {
    "features": [
        {"key": "reports", "title": "Reports", "tier": "basic", "core": True, "sticky": True},
        {
            "key": "export", "title": "Export", "tier": "advanced", "plans": ["team"],
            "milestone": "second", "persona": "admin",
        },
        {"key": "dusty", "title": "Never used", "tier": "intermediate", "qualifying": False},
    ],
    "use-cases": [
        {
            "key": key, "job": "Report", "coreAction": key, "naturalFrequencyDays": 7,
            "persona": "admin", "problem": "Slow", "advantage": "Fast", "alternative": "Paper",
        }
        for key in ("reports", "export")
    ],
    "milestones": [
        {"key": "first", "title": "First", "features": ["reports"], "kUsers": 1, "order": 1},
        {
            "key": "second", "title": "Second", "features": ["reports", "export"], "kUsers": 1,
            "dueDay": 30, "required": True, "isValue": True, "order": 2,
        },
        {"key": "third", "title": "Third", "features": ["never"], "dueDay": 30, "order": 3},
    ],
    "manual-rules": [
        {
            "key": "often", "feature": "reports", "atLeast": 2, "within": "day",
            "suggests": "Schedule it",
        },
        {"key": "weekly", "feature": "export", "atLeast": 2, "within": "week", "suggests": "Sync"},
    ],
    "courses": [
        {
            "code": code, "title": code.upper(), "minutes": minutes, "skill": skill, "level": level,
            "modality": "lab", "prerequisites": needs, "roles": ["admin", "user"],
            "validTo": ago(1) if code == "old" else None,
        }
        for code, minutes, skill, level, needs in (
            ("a", 10, "basics", 0, []), ("b", 20, "basics", 1, ["a"]), ("c", 30, "more", 1, ["b"]),
            ("d", 110, "more", 1, []), ("e", 20, "third", 2, ["c"]),
            ("old", 10, "past", 0, []), ("new", 10, "past", 1, ["old"]),
        )
    ],
}  # fmt: skip


def _event(n: int, row: Row) -> Row:
    """One more, of long ago: what has happened cannot be corrected."""
    shift = timedelta(hours=12 if n % 2 else -24)
    feature = ("reports", "export", "later")[n % 3]
    return {"id": f"{row['id']}+", "feature": feature, "occurredAt": row["occurredAt"] + shift}


def _payment(n: int, row: Row) -> Row:
    return {"id": f"{row['id']}+", "attemptedAt": row["attemptedAt"] + timedelta(days=1)}


def _progress(n: int, row: Row) -> Row:
    at = row["occurredAt"] - timedelta(days=1)
    more = {"kind": "completed", "courseCode": "c", "score": None}
    return {"id": f"{row['id']}+", "occurredAt": at, **more}


def _account(n: int, row: Row) -> Row:
    return {
        "name": f"{row['name']} II", "tags": ["new"], "industry": "glass", "intendedUsers": 5,
        "traits": {"nps": -40, "internal": n in (2, 12)}, "createdAt": ago(700),
    }  # fmt: skip


def _member(n: int, row: Row) -> Row:
    ended = ago(3) if n % 4 == 0 else None
    return {
        "role": "owner", "level": 4, "email": "x@b.example", "startedAt": ago(30),
        "endedAt": ended, "internal": n % 5 == 1,
    }  # fmt: skip


def _contract(n: int, row: Row) -> Row:
    if row["externalId"] == "second" and n % 3 == 0:
        return {"endedOn": on(1), "outcome": "lost", "endReason": "involuntary", "seats": 1}
    if row.get("outcome") == "lost":
        return {"outcome": "expanded", "endedOn": None, "endReason": None, "startOn": on(750)}
    return {"seats": 40, "mrrCents": 990_000, "currency": "USD", "termMonths": 3, "noticeDays": 9}


CHANGED: Mapping[str, Callable[[int, Row], Row]] = {
    "accounts": _account,
    "members": _member,
    "contracts": _contract,
    "tickets": lambda n, row: {"severity": "urgent", "openedAt": row["openedAt"] - timedelta(3)},
    "events": _event,
    "features": lambda n, row: {
        "title": "Other", "tier": "advanced", "core": False, "sticky": False, "plans": ["pro"],
        "milestone": None, "persona": "owner", "qualifying": row["key"] != "reports",
    },
    "use-cases": lambda n, row: {"naturalFrequencyDays": 30, "persona": None, "retired": n == 1},
    "milestones": lambda n, row: {
        "title": "Other", "features": ["reports"], "dueDay": 9, "order": 9 - n, "kUsers": 2,
        "weight": 3, "required": n == 0, "isValue": n == 0,
    },
    "manual-rules": lambda n, row: {"atLeast": 3, "suggests": "Stop", "retired": n == 1},
    "subscriptions": lambda n, row: {
        "quantity": 3, "plan": "pro", "endedAt": ago(2) if n == 0 else None,
    },
    "invoices": lambda n, row: {"amountCents": 100, "paidAt": ago(1) if n % 3 == 1 else None},
    "payments": _payment,
    "payment-methods": lambda n, row: {"method": "cash"},
    "courses": lambda n, row: {
        "title": "Other", "minutes": 5, "level": 2, "roles": ["owner"], "language": "de",
        "required": False, "modality": "exam", "skill": "other", "prerequisites": [],
    },
    "progress": _progress,
}  # fmt: skip
"""How each kind of row is told anew after the moment: the values that differ."""
