"""What usage does when other services tell something."""

from collections.abc import Sequence

from services.usage.actions.pending import release
from services.usage.domain.events import Address
from services.usage.domain.others import (
    AccountFact,
    BillingFact,
    ContractFact,
    LearningFact,
    MemberFact,
)
from services.usage.domain.work_lists import MEASURE
from services.usage.store import directory, locks
from shared.platform.db import Conn
from shared.process import work

MEASURE_SOON_S = 600.0
"""After an account became known: a first load brings events, too, before others are compared."""


async def learn_accounts(conn: Conn, facts: Sequence[AccountFact]) -> None:
    """Accounts are known, or known by further names: events that waited for them go on."""
    account_ids = sorted({fact.account_id for fact in facts})
    names = {name: fact.account_id for fact in facts for name in fact.externals}
    await locks.lock_accounts(conn)
    await directory.add_accounts(conn, account_ids, names)
    await release(conn, [*map(Address, account_ids), *(Address(external=name) for name in names)])
    await directory.add_account_versions(conn, facts)
    await work.mark(conn, MEASURE, account_ids, delay_s=MEASURE_SOON_S)


async def learn_contracts(conn: Conn, facts: Sequence[ContractFact]) -> None:
    """Since when accounts are customers, for how many seats, and how their contracts ended.

    Facts without a start teach nothing.
    """
    await directory.add_terms(conn, [fact for fact in facts if fact.start_on is not None])


async def learn_members(conn: Conn, facts: Sequence[MemberFact]) -> None:
    """Who works at an account, in which role, and who of them is not a customer."""
    await directory.add_members(conn, facts)


async def learn_plans(conn: Conn, facts: Sequence[BillingFact]) -> None:
    """Which plan an account is on, and for how many."""
    await directory.add_lines(conn, facts)


async def learn_completions(conn: Conn, facts: Sequence[LearningFact]) -> None:
    """Who completed a course."""
    await directory.add_completions(conn, facts)
