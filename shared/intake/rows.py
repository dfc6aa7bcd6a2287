"""Batches of rows from outside: one receipt per row, whatever the rows hold."""

from collections.abc import Awaitable, Callable, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from shared.intake.body import BY_LINE, MAX_BODY_BYTES, TooLarge
from shared.intake.json_text import NotJson, has_lost_comma, items, lines
from shared.intake.reader import Malformed, Reader, id_of
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput, refusal
from shared.vocabulary.moments import Moment

MAX_ROWS = 5_000
MICROSECOND = timedelta(microseconds=1)
MAX_VALUES = 1_000_000
"""Millions of empty rows would keep the process busy for seconds."""
LIST = f"a JSON array of rows; as {BY_LINE[0]} each line is a row of its own"

T = TypeVar("T")


class Receipt(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """What became of one row: accepted, duplicate, conflict, pending, late or rejected."""

    row: int
    status: str
    id: str | None = None
    field: str | None = None
    value: str | None = None
    message: str | None = None


class Row(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What every row may carry; a kind of row adds its own fields in camelCase."""

    recorded_at: Moment | None = None


R = TypeVar("R", bound=Row)


class NumberedRow(msgspec.Struct, Generic[T], frozen=True):
    """A good row and its place in the batch; `dated` by its sender, who knew it then already."""

    number: int
    row: T
    dated: bool = False

    @property
    def id(self) -> str | None:
        """The id the row came with, if its kind has one."""
        row_id = getattr(self.row, "id", None)
        return None if row_id is None else str(row_id)


Take: TypeAlias = Callable[[Conn, Principal, list[NumberedRow[Any]]], Awaitable[list[Receipt]]]
"""An action that carries out good rows and gives a receipt for each."""
SaveRejected: TypeAlias = Callable[[Conn, Principal, Sequence[Receipt]], Awaitable[None]]
"""An action that keeps the receipts of rows that were turned away."""
ParsedRows: TypeAlias = tuple[list[NumberedRow[Any]], list[Receipt]]
"""The good rows, and the receipts of the others."""


@dataclass(frozen=True, slots=True)
class BulkRoute:
    """A bulk route: `POST /v1/<name>`, the row's type and the action that takes the good rows."""

    name: str
    row: type[Row]
    take: Take
    save_rejected: SaveRejected | None = None
    shares_commit: bool = False
    """Whether batches of one sender that arrive at once may share a transaction: worth it for
    events, whose statement is short beside a commit; tickets gain nothing by it."""


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """A route that speaks another product's language: `POST /v1/<name>`, how its body is read, and
    the action that takes what was read, received at that moment, and says what to answer."""

    name: str
    read: Callable[[bytes], Any]
    take: Callable[[Conn, Principal, datetime, Any], Awaitable[object]]


async def receive(conn: Conn, principal: Principal, route: BulkRoute, body: bytes) -> list[Receipt]:
    """Sort out the bad rows, carry out the good ones, and answer for all, in order."""
    return await carry_out(conn, principal, route, parse(body, route.row, principal))


async def carry_out(
    conn: Conn, principal: Principal, route: BulkRoute, rows: ParsedRows
) -> list[Receipt]:
    """Carry out the good rows, keep what was turned away, and answer for all, in order."""
    good, receipts = rows
    date_rows(good)
    if good:
        receipts += await route.take(conn, principal, good)
    rejections = [receipt for receipt in receipts if receipt.status == "rejected"]
    if rejections and route.save_rejected:
        await route.save_rejected(conn, principal, rejections)
    return sorted(receipts, key=lambda receipt: receipt.row)


def date_rows(rows: Sequence[NumberedRow[Any]]) -> None:
    """Rows without a moment of their own are recorded now: one after the other, so that two
    versions of a thing in a batch are told apart."""
    moment = datetime.now(UTC) - len(rows) * MICROSECOND
    for numbered in rows:
        moment += MICROSECOND
        if not numbered.dated:
            numbered.row.recorded_at = moment


def parse(body: bytes, kind: type[R], principal: Principal, *, by_line: bool = False) -> ParsedRows:
    """The good rows, and receipts for the others; InvalidInput when the body is no list.

    A list is a JSON array, or a row on every line.
    """
    check_size(body)
    reader = reader_of(kind)
    rows: list[R] | None = None if by_line else reader.read_all(body)
    if rows is not None and all(row.recorded_at is None for row in rows):
        _count(rows)
        return [NumberedRow(number, row) for number, row in enumerate(rows)], []
    raws = lines(body) if by_line else _array(body)
    return _one_by_one(raws, reader, principal, by_line=by_line)


@cache
def reader_of(kind: type[R]) -> Reader[R]:
    """One reader for each type of row."""
    return Reader(kind)


def _array(body: bytes) -> list[bytes]:
    """The rows of a JSON array as raw bytes."""
    try:
        return items(body)
    except NotJson as error:
        raise InvalidInput("body", str(error), LIST) from error


def _count(rows: Sized) -> None:
    if len(rows) > MAX_ROWS:
        raise InvalidInput("body", f"{len(rows)} rows", f"at most {MAX_ROWS} rows")


def _one_by_one(
    raws: list[bytes], reader: Reader[R], principal: Principal, *, by_line: bool
) -> ParsedRows:
    _count(raws)
    good: list[NumberedRow[R]] = []
    bad: list[Receipt] = []
    for number, raw in enumerate(raws):
        try:
            row = reader.read(raw)
            dated = row.recorded_at is not None
            if row.recorded_at is not None:
                row.recorded_at = recorded_at(principal, row.recorded_at)
            good.append(NumberedRow(number, row, dated))
        except InvalidInput as error:
            if isinstance(error, Malformed) and not by_line and has_lost_comma(raw):
                raise InvalidInput("body", f"row {number}: no comma after it", LIST) from error
            bad.append(rejection(number, error, id_of(raw)))
    return good, bad


def recorded_at(principal: Principal, moment: datetime | None) -> datetime:
    """When a row counts as known: now, or, in a history import, when the source knew it."""
    now = datetime.now(UTC)
    if moment is None:
        return now
    if not principal.may("admin"):
        raise InvalidInput(
            "recordedAt", moment.isoformat(), "nothing, unless the key has the scope 'admin'"
        )
    if moment > now:
        raise InvalidInput("recordedAt", moment.isoformat(), "a past moment")
    return moment


def rejection(number: int, error: InvalidInput, row_id: str | None = None) -> Receipt:
    """The receipt of a row that cannot be taken."""
    message = f"allowed: {error.allowed}" if error.allowed else str(error)
    return Receipt(number, "rejected", row_id, error.field, error.value, message)


def row_rejection(row: NumberedRow[Any], error: InvalidInput) -> Receipt:
    """The receipt of a row that its action cannot take, with the id it came with."""
    return rejection(row.number, error, row.id)


async def take_one(conn: Conn, principal: Principal, route: BulkRoute, row: dict[str, Any]) -> str:
    """One row by the way a batch goes, and its id; what is refused there is raised here."""
    (receipt,) = await receive(conn, principal, route, msgspec.json.encode([row]))
    if receipt.status == "conflict":
        raise Conflict(f"{receipt.field}: {receipt.value}: {receipt.message}")
    if receipt.status == "rejected" or receipt.id is None:
        why = f"{receipt.field}: {receipt.value} is not allowed; {receipt.message}"
        raise refusal(InvalidInput.code, why, receipt.field or "")
    return receipt.id


def check_size(body: bytes) -> None:
    """TooLarge or InvalidInput when it would take too long to find out what the body holds."""
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge(f"{len(body)} bytes")
    if body.count(b",") > MAX_VALUES:
        raise InvalidInput("body", f"more than {MAX_VALUES} commas", "a smaller batch")
