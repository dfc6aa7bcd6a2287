"""What signals stand on: listen to accounts, billing and learning, and measure standings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.usage.domain.told import AccountSaid, BillingChanged, LearningChanged, MemberKnown
from services.usage.store import signals as signals_store
from shared.platform.db import Conn
from shared.process import facts, work

MEASURE = "measure"
MEASURE_EVERY_S = 7 * 86_400.0
MEASURE_SOON_S = 600.0
"""After a contract became known: a first load brings events, too, before others are compared."""


async def learn_population(conn: Conn, entry: facts.LogEntry) -> None:
    """How many people of an account should use the product, and whether it is a test account."""
    said: AccountSaid = entry.fact(AccountSaid)
    recorded_at = said.recorded_at or entry.occurred_at
    await signals_store.add_account_told(
        conn, said.account_id, recorded_at, said.intended_users, internal=said.internal
    )
    await work.mark(conn, MEASURE, [said.account_id], delay_s=MEASURE_SOON_S)


async def learn_member(conn: Conn, entry: facts.LogEntry) -> None:
    """Who works at an account, in which role, and who of them is not a customer."""
    known: MemberKnown = entry.fact(MemberKnown)
    await signals_store.add_member(conn, known, known.recorded_at or entry.occurred_at)


async def learn_plan(conn: Conn, entry: facts.LogEntry) -> None:
    """Which plan an account is on, and for how many."""
    changed: BillingChanged = entry.fact(BillingChanged)
    if changed.lines:
        await signals_store.add_lines(conn, changed.account_id, changed.lines)


async def learn_training(conn: Conn, entry: facts.LogEntry) -> None:
    """Who completed a course."""
    changed: LearningChanged = entry.fact(LearningChanged)
    if changed.completed:
        await signals_store.add_completions(conn, changed.account_id, changed.completed)


async def measure(conn: Conn, account_ids: Sequence[UUID], now: datetime) -> None:
    """Note where accounts stood at the last midnight; known from now on, so nothing old changes."""
    midnight = await signals_store.midnight(conn, now)
    measured = await signals_store.adoption(conn, list(account_ids), midnight)
    await signals_store.add_standings(conn, list(measured.values()), midnight, now)
