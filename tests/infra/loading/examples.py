"""Rows of many kinds into the services, which then hear of one another as their consumers do."""

from collections.abc import Iterable
from itertools import islice

import msgspec

from infra.trial.server import SIGNAL_SERVICES
from ml.simulation.rows import Batch
from shared.intake.rows import receive
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.process import facts
from shared.process.listeners import hear


async def send(dbs: dict[str, Database], principal: Principal, batches: Iterable[Batch]) -> None:
    """Load batches as the bulk routes and the listeners between services do."""
    kinds = {
        kind.name: (service.name, kind)
        for service in SIGNAL_SERVICES
        for kind in service.bulk_routes["ingest"]
    }
    for batch in batches:
        service, kind = kinds[batch.kind]
        rows = iter(batch.rows)
        while chunk := list(islice(rows, 4_000)):
            async with dbs[service].write(principal.tenant_id) as conn:
                body = msgspec.json.encode(chunk)
                receipts = await receive(conn, principal, kind, body)
            assert {receipt.status for receipt in receipts} <= {"accepted", "late"}
        if batch.kind == "accounts":
            await pass_facts_on(dbs)
    await pass_facts_on(dbs)


async def pass_facts_on(dbs: dict[str, Database]) -> None:
    """Let every service hear what the others said; saying it twice teaches nothing new."""
    for speaker in dbs:
        await facts.relay_all(dbs[speaker])
        log = await facts.Log(dbs[speaker], speaker).page(0, 100_000, 0, None)
        for listener in SIGNAL_SERVICES:
            for tenant_id in {entry.tenant_id for entry in log}:
                async with dbs[listener.name].write(tenant_id) as conn:
                    entries = [entry for entry in log if entry.tenant_id == tenant_id]
                    await hear(conn, listener.listeners.get(speaker, {}), entries)
