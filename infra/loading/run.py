"""A whole load: every kind in its order, with progress and a summary."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from uuid import UUID

import msgspec
from rich.console import Console

from infra.loading.client import Client, Tally
from infra.loading.errors import LoadError
from infra.loading.meter import Meter
from ml.simulation.rows import Batch

REFUSED = ("rejected", "conflict")


async def load(
    url: str, key: str, batches: Iterable[Batch], rejects: Path, console: Console
) -> tuple[Tally, dict[UUID, UUID]]:
    """Send all batches: statuses of all rows, and the server's ids of accounts by the sender's."""
    begun = monotonic()
    with Meter(console) as meter:
        async with Client(url, key, rejects) as client:
            for batch in batches:
                since = monotonic()
                meter.begin(batch.kind, batch.total)
                counts = await client.load(batch, meter.advance)
                meter.say(f"{batch.kind:<16} {in_words(counts)} in {monotonic() - since:.1f} s")
                if batch.total and not any(counts[name] for name in counts if name not in REFUSED):
                    raise LoadError(
                        f"no row of {batch.kind} was taken, so the rest was not sent; "
                        f"{rejects} says why"
                    )
        rows = sum(sum(counts.values()) for counts in client.tally.counts.values())
        meter.say(f"{rows:,} rows in {monotonic() - begun:.1f} s")
        if client.tally.rejected:
            meter.say(f"{client.tally.rejected:,} rows were not taken; {rejects} says why")
    return client.tally, client.account_ids


def write(batches: Iterable[Batch], folder: Path, console: Console) -> None:
    """Keep all rows in files instead, one JSON object a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        path = folder / f"{batch.kind}.jsonl"
        with path.open("wb") as file:
            for row in batch.rows:
                file.write(msgspec.json.encode(row) + b"\n")
        console.print(f"{path}: {batch.total:,} rows", highlight=False, soft_wrap=True)


def in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {status}" for status, count in counts.most_common()) or "no rows"
