"""What a service has given up after all its tries: told to whoever operates it, and tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opentelemetry import metrics

from shared.platform.db import Database, to

_gauge = metrics.get_meter("tenure").create_gauge(
    "tenure.work.given_up", description="Things that were given up after their tries, by list."
)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """So many things of a tenant's list, and the error of one of them."""

    tenant_id: UUID
    list: str
    things: int
    error: str

    def as_problem(self) -> dict[str, object]:
        """As a worker says it of itself."""
        return {
            "problem": "work is given up",
            "tenant": self.tenant_id,
            "list": self.list,
            "things": self.things,
            "error": self.error,
            "do": "`tenure work retry` once the cause is gone",
        }


async def given_up(db: Database) -> list[GivenUp]:
    """Of every tenant, by list; facts of another service are on the list `facts-of-<service>`."""
    async with db.read(None) as conn:
        rows = await conn.fetch("SELECT * FROM given_up()")
    return [to(GivenUp, row) for row in rows]


async def retry(db: Database, tenant_id: UUID, list_name: str) -> int:
    """Begin anew with what was given up of a tenant's list; of how many things."""
    async with db.write(tenant_id) as conn:
        count: int = await conn.fetchval("SELECT retry_given_up($1)", list_name)
    return count


async def measure(db: Database, service: str, lists: Sequence[str]) -> None:
    """Export how many things of each list are given up; 0 of lists where none is."""
    counts = dict.fromkeys(lists, 0)
    for each in await given_up(db):
        counts[each.list] = counts.get(each.list, 0) + each.things
    for name, count in counts.items():
        _gauge.set(count, {"service": service, "list": name})
