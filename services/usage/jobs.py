"""What usage does later: say which accounts have new events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.usage import actions
from shared import work, worker
from shared.worker import Bench


async def announce(bench: Bench) -> int:
    """Emit one UsageRecorded per account with news, however many events there were."""

    async def tell(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with bench.db.write(tenant_id) as conn:
            await actions.announce(conn, [claim.key for claim in claims], datetime.now(UTC))
            await work.finish(conn, actions.ANNOUNCE, claims)

    return await work.drain(bench.db, actions.ANNOUNCE, tell)


if __name__ == "__main__":
    worker.run("usage", [announce])
