"""What usage does later: announce news, forget what was turned away, measure standings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.usage.actions import history as history_actions
from services.usage.actions import ingest as ingest_actions
from services.usage.actions import pending as pending_actions
from services.usage.actions import signals as signals_actions
from services.usage.domain.work_lists import ANNOUNCE, DROP_RAW, FORGET, MEASURE, RELEASE
from services.usage.store import pending as pending_store
from shared.platform import auth
from shared.process import work
from shared.process.work import Claim
from shared.process.worker import Worker, WorkerContext, run


async def announce(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Emit one UsageRecorded per account with news, however many events there were."""
    async with context.db.write(tenant_id) as conn:
        await ingest_actions.announce(conn, [claim.key for claim in claims], datetime.now(UTC))
        await work.finish(conn, ANNOUNCE, claims)


async def release(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Count a bite of what waited for accounts that are known now; comes again for the next."""
    async with context.db.write(tenant_id) as conn:
        await pending_actions.release_more(conn)
        await work.finish(conn, RELEASE, claims)
        await pending_store.mark_due(conn, RELEASE)


async def forget(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Drop rejected rows that are past their time."""
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, FORGET, claims)
        await ingest_actions.forget(conn, auth.system(tenant_id))


async def measure(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Note once a week where each account stands, so that others can be compared with it."""
    accounts = [claim.key for claim in claims]
    async with context.db.write(tenant_id) as conn:
        await signals_actions.measure(conn, accounts, datetime.now(UTC))
        await work.finish(conn, MEASURE, claims)
        await work.mark(conn, MEASURE, accounts, delay_s=signals_actions.MEASURE_EVERY_S)


async def drop_raw(context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim]) -> None:
    """Drop events that are past the tenant's days, account by account; a round each day."""
    async with context.db.write(tenant_id) as conn:
        await work.finish(conn, DROP_RAW, claims)
        await history_actions.drop_raw(conn, tenant_id, [claim.key for claim in claims])


WORKER = Worker(
    "usage",
    {
        ANNOUNCE: announce,
        RELEASE: release,
        FORGET: forget,
        MEASURE: measure,
        DROP_RAW: drop_raw,
    },
)

if __name__ == "__main__":
    run(WORKER)
