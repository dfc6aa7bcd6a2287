"""Batches of rows from outside: one receipt per row, whatever the rows hold."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from shared.intake.body import BODY_MOST_BYTES, TooLarge
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import Conflict, InvalidInput, refusal

ROWS_MOST = 5_000
ROW_MOST_BYTES = 32 * 1024
MICROSECOND = timedelta(microseconds=1)
VALUES_MOST = 1_000_000
"""Millions of empty rows would keep the process busy for seconds."""
TOKENS_MOST = 2_000_000
"""Only a broken body is cut token by token; one of this many is refused within a second."""
# A string that is never closed ends at a control character, which none may hold, or with the text;
# possessive, so that a hostile body costs one pass.
TOKEN = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"?|[\[\]{},]')
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
ID = re.compile(rb'"id"\s*:\s*"([\x20\x21\x23-\x5b\x5d-\x7e]{1,200})"')
AT_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)

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

    recorded_at: datetime | None = None


R = TypeVar("R", bound=Row)


class Numbered(msgspec.Struct, Generic[T], frozen=True):
    """A good row and its place in the batch."""

    number: int
    row: T


Take: TypeAlias = Callable[[Conn, Principal, list[Numbered[Any]]], Awaitable[list[Receipt]]]
"""An action that carries out good rows and gives a receipt for each."""
Keep: TypeAlias = Callable[[Conn, Principal, Sequence[Receipt]], Awaitable[None]]
"""An action that keeps the receipts of rows that were turned away."""
Parsed: TypeAlias = tuple[list[Numbered[Any]], list[Receipt]]
"""The good rows, and the receipts of the others."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A bulk route: `POST /v1/<name>`, the row's type and the action that takes the good rows."""

    name: str
    row: type[Row]
    take: Take
    keep: Keep | None = None
    together: bool = False
    """Whether batches that arrive at once may share a transaction: not where a row is a version,
    for two of the same moment would be one."""


@dataclass(frozen=True, slots=True)
class Inlet:
    """A route that speaks another product's language: `POST /v1/<name>`, how its body is read, and
    the action that takes what was read, received at that moment, and says what to answer."""

    name: str
    read: Callable[[bytes], Any]
    take: Callable[[Conn, Principal, datetime, Any], Awaitable[object]]


async def receive(conn: Conn, principal: Principal, kind: Kind, body: bytes) -> list[Receipt]:
    """Sort out the bad rows, carry out the good ones, and answer for all, in order."""
    return await carry_out(conn, principal, kind, parsed(body, kind.row, principal))


async def carry_out(conn: Conn, principal: Principal, kind: Kind, rows: Parsed) -> list[Receipt]:
    """Carry out the good rows, keep what was turned away, and answer for all, in order."""
    good, receipts = rows
    # One after the other, the last one now: two versions of a thing in a batch are told apart.
    moment = datetime.now(UTC) - len(good) * MICROSECOND
    for numbered in good:
        moment += MICROSECOND
        numbered.row.recorded_at = numbered.row.recorded_at or moment
    if good:
        receipts += await kind.take(conn, principal, good)
    turned_away = [receipt for receipt in receipts if receipt.status == "rejected"]
    if turned_away and kind.keep:
        await kind.keep(conn, principal, turned_away)
    return sorted(receipts, key=lambda receipt: receipt.row)


def parsed(
    body: bytes, kind: type[R], principal: Principal
) -> tuple[list[Numbered[R]], list[Receipt]]:
    """The good rows, and receipts for the others; InvalidInput when the body is no list."""
    bounded(body)
    rows = _all_good(body, kind)
    if rows is not None and all(row.recorded_at is None for row in rows):
        return [Numbered(number, row) for number, row in enumerate(rows)], []
    return _one_by_one(body, kind, principal)


def _all_good(body: bytes, kind: type[R]) -> list[R] | None:
    """The rows, read in one go; None where one of them, or the body, needs a closer look."""
    try:
        body.decode()
        rows: list[R] = _decoder(list[kind]).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if len(rows) > ROWS_MOST or b"\\u0000" in body or _has_large(body):
        return None
    return rows


def _has_large(body: bytes) -> bool:
    """Whether a row is larger than a row may be."""
    if len(body) <= ROW_MOST_BYTES:
        return False
    raws = msgspec.json.decode(body, type=list[msgspec.Raw])
    return any(len(bytes(raw)) > ROW_MOST_BYTES for raw in raws)


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind, strict=True)


def _one_by_one(
    body: bytes, kind: type[R], principal: Principal
) -> tuple[list[Numbered[R]], list[Receipt]]:
    decoder: msgspec.json.Decoder[R] = _decoder(kind)
    good: list[Numbered[R]] = []
    bad: list[Receipt] = []
    for number, raw in enumerate(split(body)):
        try:
            row = decoded(raw, decoder)
            if row.recorded_at is not None:
                row.recorded_at = recorded_at(principal, row.recorded_at)
            good.append(Numbered(number, row))
        except InvalidInput as error:
            bad.append(rejected(number, error, id_of(raw)))
    return good, bad


def recorded_at(principal: Principal, given: datetime | None) -> datetime:
    """When a row counts as known: now, or, in a history import, when the source knew it."""
    now = datetime.now(UTC)
    if given is None:
        return now
    if not principal.may("admin"):
        raise InvalidInput(
            "recordedAt", given.isoformat(), "nothing, unless the key has the scope 'admin'"
        )
    if given.tzinfo is None or given > now:
        raise InvalidInput("recordedAt", given.isoformat(), "a past moment with a time zone")
    return given


def rejected(number: int, error: InvalidInput, row_id: str | None = None) -> Receipt:
    """The receipt of a row that cannot be taken."""
    message = f"allowed: {error.allowed}" if error.allowed else str(error)
    return Receipt(number, "rejected", row_id, error.field, error.value, message)


def refused(one: Numbered[Any], error: InvalidInput) -> Receipt:
    """The receipt of a row that its action cannot take, with the id it came with."""
    row_id = getattr(one.row, "id", None)
    return rejected(one.number, error, None if row_id is None else str(row_id))


async def alone(conn: Conn, principal: Principal, kind: Kind, row: dict[str, Any]) -> str:
    """One row by the way a batch goes, and its id; what is refused there is raised here."""
    (receipt,) = await receive(conn, principal, kind, msgspec.json.encode([row]))
    if receipt.status == "conflict":
        raise Conflict(f"{receipt.field}: {receipt.value}: {receipt.message}")
    if receipt.status == "rejected" or receipt.id is None:
        why = f"{receipt.field}: {receipt.value} is not allowed; {receipt.message}"
        raise refusal(InvalidInput.code, why, receipt.field or "")
    return receipt.id


def split(body: bytes) -> list[bytes]:
    """The rows of a JSON array as raw bytes; one broken row does not break its neighbours."""
    bounded(body)
    try:
        rows = [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rows = list(scanned(body))
    if len(rows) > ROWS_MOST:
        raise InvalidInput("body", f"{len(rows)} rows", f"at most {ROWS_MOST} rows")
    return rows


def bounded(body: bytes) -> None:
    """TooLarge or InvalidInput when it would take too long to find out what the body holds."""
    if len(body) > BODY_MOST_BYTES:
        raise TooLarge(f"{len(body)} bytes")
    if body.count(b",") > VALUES_MOST:
        raise InvalidInput("body", f"more than {VALUES_MOST} commas", "a smaller batch")


def scanned(body: bytes) -> Iterator[bytes]:
    """Cut at the commas between rows, looking only at strings and brackets."""
    text = body.strip()
    if not (text.startswith(b"[") and text.endswith(b"]")):
        raise InvalidInput("body", text[:40].decode(errors="replace"), "a JSON array of rows")
    start = 1
    for token, depth in _nested(text):
        if (token.group() == b"," and depth == 1) or (depth == 0 and token.end() == len(text)):
            if text[start : token.start()].strip():
                yield text[start : token.start()].strip()
            start = token.end()


def _nested(text: bytes) -> Iterator[tuple["re.Match[bytes]", int]]:
    """Every string, comma and bracket, with how deep the text is nested behind it."""
    depth = 0
    for seen, token in enumerate(TOKEN.finditer(text)):
        if seen > TOKENS_MOST:
            raise InvalidInput("body", f"{len(text)} bytes that are not JSON", "a JSON array")
        mark = token.group()
        depth += (mark in b"[{") - (mark in b"]}")
        yield token, depth
    if depth != 0:
        raise InvalidInput("body", f"{depth} unclosed brackets", "a JSON array of rows")


def decoded(raw: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """One row; InvalidInput names the field that is wrong."""
    if len(raw) > ROW_MOST_BYTES:
        raise InvalidInput("row", f"{len(raw)} bytes", f"at most {ROW_MOST_BYTES} bytes")
    try:
        raw.decode()
        row = decoder.decode(raw)
    except UnicodeDecodeError as error:
        raise InvalidInput("row", f"byte {error.start} is not UTF-8", "UTF-8 text") from error
    except msgspec.ValidationError as error:
        raise _invalid(raw, str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(
            "row", raw[:60].decode(errors="replace"), f"a JSON object ({error})"
        ) from error
    if b"\\u0000" in raw and NUL.search(raw):
        raise InvalidInput("row", "\\u0000", "text without NUL characters")
    return row


def _invalid(raw: bytes, message: str) -> InvalidInput:
    """msgspec says what it expected and where; add the value that stood there."""
    match = AT_PATH.match(message)
    path = (match.group("path") if match else None) or "row"
    path = path.replace("[...]", "")  # msgspec does not say which key of a free object
    what = match.group("what") if match else message
    missing = re.match(r"Object (?:missing required|contains unknown) field `(.+?)`", what)
    if missing:
        path = missing.group(1) if path == "row" else f"{path}.{missing.group(1)}"
    return InvalidInput(path, _value_at(raw, path), what)


def _value_at(raw: bytes, path: str) -> object:
    try:
        value: Any = msgspec.json.decode(raw)
        for step in path.replace("[", ".").replace("]", "").split("."):
            value = value[int(step) if isinstance(value, list) else step]
    except (msgspec.DecodeError, KeyError, ValueError, TypeError, IndexError, RecursionError):
        return None
    return value


def id_of(raw: bytes, field: str = "id") -> str | None:
    """The id of a row that cannot be taken, if it can be found."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, Any]).get(field)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        match = ID.search(raw)  # the row is broken, but whoever sent it looks for its id
        return match.group(1).decode() if match else None
    return found[:200] if isinstance(found, str) else None


def accepted(rows: Sequence[Numbered[Any]], ids: Sequence[UUID | str]) -> list[Receipt]:
    """Receipts for rows that were all taken."""
    return [
        Receipt(row.number, "accepted", str(taken)) for row, taken in zip(rows, ids, strict=True)
    ]
