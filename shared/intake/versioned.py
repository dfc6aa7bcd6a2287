"""Tables of versions: declared once each, and one way to save a batch in them."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from shared.intake.checks import Check, check_rows
from shared.intake.rows import NumberedRow, Receipt, Row, Take, date_rows
from shared.intake.versions import Candidate, Version, candidate, classify
from shared.platform.auth import Principal
from shared.platform.db import Conn, to

R = TypeVar("R", bound=Row)
Resolve: TypeAlias = Callable[[Conn, Principal, Sequence[NumberedRow[R]]], Awaitable[Check[R]]]
"""Looks up at once what the rows of a batch name, and gives the check of each that follows."""

NAME = re.compile(r"[a-z_]+(\.[a-z_]+)?")

# In the statements below the names in capitals are put in from the declaration. A table's own row
# type reads the records, so that each column gets its type.
IN_FORCE = """
SELECT v.* FROM jsonb_populate_recordset(NULL::RELATION, $1) AS g CROSS JOIN LATERAL (
  (SELECT KEY::text AS id, recorded_at, OWNER AS owner, digest FROM RELATION
   WHERE KEY = g.KEY AND recorded_at <= g.recorded_at ORDER BY recorded_at DESC LIMIT 1)
  UNION ALL
  SELECT KEY::text, recorded_at, OWNER, digest FROM RELATION
  WHERE KEY = g.KEY AND recorded_at > g.recorded_at
) AS v"""
ADD = """
INSERT INTO RELATION
SELECT * FROM jsonb_populate_recordset(NULL::RELATION, $1) ORDER BY KEY, recorded_at"""


def _no_columns(_: Row) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Versioned(Generic[R]):
    """A table of versions with the columns tenant_id, `key`, recorded_at, `owner` and digest.

    With `corrections` other values under a known key are a new version, otherwise a conflict.
    """

    relation: str
    row: type[R]
    key: str = "id"
    owner: str = "account_id"
    """The uuid column that says whose a thing is: the same in all its versions."""
    corrections: bool = True
    identity: Callable[[R], str] | None = None
    """What names a thing where it is no field of the row."""
    columns: Callable[[R], dict[str, Any]] = _no_columns
    """Columns that are no field of the row, or hold it otherwise."""
    insert: str = ADD

    def __post_init__(self) -> None:
        for name in (self.relation, self.key, self.owner):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no plain name of a table or column")

    def sql(self, statement: str) -> str:
        """A statement about this table."""
        about = statement.replace("RELATION", self.relation).replace("KEY", self.key)
        return about.replace("OWNER", self.owner)

    def id_of(self, row: R) -> str:
        """What names the thing that a row is about."""
        return self.identity(row) if self.identity else str(getattr(row, self.key))

    def candidate(self, row: NumberedRow[R], principal: Principal) -> Candidate[R]:
        """The version that a row would become."""
        tenant = self.owner == "tenant_id"
        owner = principal.tenant_id if tenant else UUID(str(getattr(row.row, self.owner)))
        return candidate(row.number, row.row, self.id_of(row.row), owner)

    def record(self, new: Candidate[R], principal: Principal) -> dict[str, Any]:
        """A version as its table keeps it; names that are no columns are passed over."""
        version, fields = new.version, msgspec.structs.asdict(new.row)
        return (
            {name: value for name, value in fields.items() if value is not msgspec.UNSET}
            | {self.key: version.id, self.owner: version.owner, "tenant_id": principal.tenant_id}
            | {"recorded_at": version.recorded_at, "digest": f"\\x{version.digest.hex()}"}
            | self.columns(new.row)
        )


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of a batch: the new versions by key and time, a receipt for each row, and the
    versions it was compared with."""

    fresh: list[Candidate[R]]
    receipts: list[Receipt]
    before: list[Version]


async def save(
    conn: Conn,
    principal: Principal,
    table: Versioned[R],
    rows: Sequence[NumberedRow[R]],
    *,
    check: Check[R] | None = None,
    resolve: Sequence[Resolve[R]] = (),
) -> Outcome[R]:
    """Add what is new in a batch; rows that cannot be taken do not break their neighbours.

    From here to the end of the transaction nobody else writes the things that the batch is about,
    so what was found out about them stays true; other things of the table may be written.
    """
    good, receipts = check_rows(rows, check) if check else (list(rows), [])
    for look_up in resolve:
        good, rejections = check_rows(good, await look_up(conn, principal, good))
        receipts += rejections
    if not good:
        return Outcome([], receipts, [])
    await lock_ids(conn, table.relation, [table.id_of(row.row) for row in good])
    date_rows(good)  # once more: who was served before us was recorded before
    candidates = [table.candidate(row, principal) for row in good]
    before = await _in_force(conn, table, candidates)
    fresh, verdicts = classify(candidates, before, corrections=table.corrections)
    if fresh:
        records = [table.record(new, principal) for new in fresh]
        await conn.execute(table.sql(table.insert), records)
    return Outcome(fresh, receipts + verdicts, before)


def take_into(table: Versioned[R], *, check: Check[R] | None = None) -> Take:
    """The action of a bulk route that keeps its rows and does nothing else."""

    async def take(conn: Conn, principal: Principal, rows: list[NumberedRow[R]]) -> list[Receipt]:
        return (await save(conn, principal, table, rows, check=check)).receipts

    return take


async def lock_ids(conn: Conn, relation: str, ids: Sequence[str]) -> None:
    """Lock ids in order; until this transaction ends no other one gets a lock on any of them."""
    if ids:
        await conn.execute("SELECT lock_ids($1, $2)", relation, ids)


async def _in_force(
    conn: Conn, table: Versioned[R], candidates: Sequence[Candidate[R]]
) -> list[Version]:
    """The versions in force at the rows of a batch, and all later ones."""
    since: dict[str, datetime] = {}
    for version in (new.version for new in candidates):
        since[version.id] = min(version.recorded_at, since.get(version.id, version.recorded_at))
    keys = [{table.key: key, "recorded_at": moment} for key, moment in since.items()]
    return [to(Version, row) for row in await conn.fetch(table.sql(IN_FORCE), keys)]
