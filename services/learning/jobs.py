"""What learning does later: the paths that are due."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.learning.actions import learners as learners_actions
from shared.platform.db import Database
from shared.process import work, worker
from shared.process.work import Claim
from shared.process.worker import Bench


async def recommend(bench: Bench) -> int:
    """Give everybody who is due the path that follows now; how many were looked at."""
    return await drain(bench.db)


async def drain(db: Database) -> int:
    async def look(tenant_id: UUID, claims: Sequence[Claim]) -> None:
        async with db.write(tenant_id) as conn:
            await learners_actions.recommend(
                conn, [claim.key for claim in claims], datetime.now(UTC)
            )
            await work.finish(conn, "recommend", claims)

    return await work.drain(db, "recommend", look)


if __name__ == "__main__":
    worker.run("learning", [recommend])
