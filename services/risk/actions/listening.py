"""What risk does with facts of other services."""

from collections.abc import Sequence

from services.risk.domain.others import AnyFact, ContractFact
from services.risk.domain.queue import UpdateReason
from services.risk.store import directory
from services.risk.store import queue as queue_store
from shared.platform.db import Conn


async def learn_contracts(conn: Conn, facts: Sequence[ContractFact]) -> None:
    """Store how contracts ended, and which are open."""
    await directory.save_outcomes(conn, facts)


async def request_rescores(conn: Conn, facts: Sequence[AnyFact]) -> None:
    """Something about these accounts changed: their scores may change, too.

    Declared last, and once for all types of fact: rows of the queue are locked last and in order.
    """
    await queue_store.ask(conn, [fact.account_id for fact in facts], UpdateReason.NEW_DATA)
