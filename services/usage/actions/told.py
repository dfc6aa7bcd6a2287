"""What usage learns from accounts: who there is, and what contracts give."""

from services.usage import store
from services.usage.actions.ingest import count
from services.usage.domain import AccountNamed, ContractChanged
from shared import facts
from shared.db import Conn


async def learn_account(conn: Conn, entry: facts.LogEntry) -> None:
    """An account is known, or known by a further name: events that waited for it count now."""
    named: AccountNamed = entry.fact(AccountNamed)
    await store.change_accounts(conn)
    await store.add_account(conn, named.account_id, named.externals)
    waited = await store.take_pending(conn, named.account_id, named.externals)
    zone = await store.time_zone(conn, "UTC") if waited else "UTC"
    await count(conn, zone, waited, {each.address: named.account_id for each in waited})


async def learn_contract(conn: Conn, entry: facts.LogEntry) -> None:
    """A contract says how many seats an account may use; facts without seats teach nothing."""
    changed: ContractChanged = entry.fact(ContractChanged)
    if changed.seats is not None and changed.start_on is not None:
        await store.add_contract(conn, changed, changed.recorded_at or entry.occurred_at)
