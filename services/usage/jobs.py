"""What usage does later: announce news, forget what was turned away, measure standings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.usage.actions import history as history_actions
from services.usage.actions import ingest as ingest_actions
from services.usage.actions import signals as signals_actions
from shared.platform import auth
from shared.process import work, worker
from shared.process.worker import Bench


async def announce(bench: Bench) -> int:
    """Emit one UsageRecorded per account with news, however many events there were."""

    async def tell(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with bench.db.write(tenant_id) as conn:
            await ingest_actions.announce(conn, [claim.key for claim in claims], datetime.now(UTC))
            await work.finish(conn, ingest_actions.ANNOUNCE, claims)

    return await work.drain(bench.db, ingest_actions.ANNOUNCE, tell)


async def forget(bench: Bench) -> int:
    """Drop rejected rows that are past their time, tenant by tenant."""

    async def drop(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with bench.db.write(tenant_id) as conn:
            await work.finish(conn, ingest_actions.FORGET, claims)
            await ingest_actions.forget(conn, auth.system(tenant_id))

    return await work.drain(bench.db, ingest_actions.FORGET, drop)


async def measure(bench: Bench) -> int:
    """Note once a week where each account stands, so that others can be compared with it."""

    async def note(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        accounts = [claim.key for claim in claims]
        async with bench.db.write(tenant_id) as conn:
            await signals_actions.measure(conn, accounts, datetime.now(UTC))
            await work.finish(conn, signals_actions.MEASURE, claims)
            await work.mark(
                conn, signals_actions.MEASURE, accounts, delay_s=signals_actions.MEASURE_EVERY_S
            )

    return await work.drain(bench.db, signals_actions.MEASURE, note, most=200)


async def drop_raw(bench: Bench) -> int:
    """Drop events that are past the tenant's days, account by account; a round each day."""

    async def drop(tenant_id: UUID, claims: Sequence[work.Claim]) -> None:
        async with bench.db.write(tenant_id) as conn:
            await work.finish(conn, history_actions.DROP_RAW, claims)
            await history_actions.drop_raw(conn, tenant_id, [claim.key for claim in claims])

    return await work.drain(bench.db, history_actions.DROP_RAW, drop, most=20)


if __name__ == "__main__":
    worker.run("usage", [announce, forget, measure, drop_raw])
