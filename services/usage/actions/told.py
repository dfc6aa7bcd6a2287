"""What usage learns from accounts: who there is, and what contracts give."""

from services.usage.actions.ingest import count
from services.usage.actions.signals import learn_population
from services.usage.domain.facts import AccountNamed, ContractChanged
from services.usage.store import ingest as ingest_store
from services.usage.store import journeys, locks
from services.usage.store import told as told_store
from shared.platform.db import Conn
from shared.process import facts


async def learn_account(conn: Conn, entry: facts.LogEntry) -> None:
    """An account is known, or known by a further name: events that waited for it count now."""
    named: AccountNamed = entry.fact(AccountNamed)
    await locks.lock_accounts(conn)
    await told_store.add_account(conn, named.account_id, named.externals)
    waited = await told_store.take_pending(conn, named.account_id, named.externals)
    zone = await ingest_store.time_zone(conn, "UTC") if waited else "UTC"
    await count(conn, zone, waited, {each.address: named.account_id for each in waited})
    await learn_population(conn, entry)


async def learn_contract(conn: Conn, entry: facts.LogEntry) -> None:
    """A contract says since when an account is a customer, for how many seats, and how it ended.

    Facts without a start teach nothing.
    """
    changed: ContractChanged = entry.fact(ContractChanged)
    recorded_at = changed.recorded_at or entry.occurred_at
    if changed.start_on is None:
        return
    await journeys.add_term(conn, changed, recorded_at)
    if changed.seats is not None:
        await told_store.add_contract(conn, changed, recorded_at)
