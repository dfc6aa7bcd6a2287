"""What learning does later: the paths that are due."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.learning.actions import paths as paths_actions
from services.learning.domain.work_lists import RECOMMEND
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import Worker, WorkerContext, run


async def recommend(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Give everybody who is due the path that follows now."""
    async with context.db.write(tenant_id) as conn:
        await paths_actions.recommend(conn, [claim.key for claim in claims], datetime.now(UTC))
        await work.finish(conn, RECOMMEND, claims)


WORKER = Worker("learning", {RECOMMEND: recommend})

if __name__ == "__main__":
    run(WORKER)
