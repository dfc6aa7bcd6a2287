"""What learning does when other services tell something."""

from collections.abc import Sequence

from services.learning.domain.others import MemberFact
from services.learning.domain.work_lists import RECOMMEND
from services.learning.store import directory, locks
from shared.platform.db import Conn
from shared.process import work


async def learn_members(conn: Conn, facts: Sequence[MemberFact]) -> None:
    """Members were added or changed: paths are due, without anyone asking."""
    await locks.lock_catalogue_shared(conn)
    await directory.save_learners(conn, facts)
    await work.mark(conn, RECOMMEND, list({fact.member_id: fact for fact in facts}))
