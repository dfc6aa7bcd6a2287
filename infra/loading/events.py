"""Events of one's own from CSV, JSON lines or Parquet: read row by row, sent, resumed."""

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, cast
from uuid import UUID

import msgspec
from rich.console import Console

from infra.loading.client import MAX_PAUSE_S, Client, Receipt
from infra.loading.errors import LoadError
from infra.loading.meter import Meter
from infra.loading.run import in_words
from infra.supervising.files import write_whole
from ml.simulation.rows import Batch
from services.usage.domain.events import EventRow, event
from shared.intake.body import MAX_BODY_BYTES
from shared.intake.reader import reason
from shared.intake.rows import NumberedRow, parse, recorded_at, rejection
from shared.platform.auth import Principal
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.moments import moment

KIND = "events"
FIELDS = (
    "id", "source", "feature", "occurredAt", "accountId", "externalId", "memberId", "quantity",
    "properties", "recordedAt",
)  # fmt: skip
MOMENTS = ("occurredAt", "recordedAt")
PROPERTY = "properties."
CHUNK_ROWS = 20_000
"""Between two notes in the state file; what is sent twice after a break is answered `duplicate`."""
DRY = Principal(UUID(int=0), "dry run", ("ingest", "admin"))

Values: TypeAlias = dict[str, Any]


class Row(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """An event as the file has it: the server judges it, we only name its parts."""

    id: Any
    feature: Any = None
    occurred_at: Any = None
    source: Any = None
    account_id: Any = None
    external_id: Any = None
    member_id: Any = None
    quantity: Any = None
    properties: Any = None
    recorded_at: Any = None


class State(msgspec.Struct):
    """How far a file has been sent: every row before `rows` was answered."""

    content: str
    reading: str
    url: str
    rows: int = 0
    done: bool = False
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Reading:
    """How the columns of a file become an event's fields."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    external_source: str | None = None
    source: str | None = None
    zone: tzinfo = UTC

    def __str__(self) -> str:
        return f"{sorted(self.columns.items())} {self.external_source} {self.source} {self.zone}"

    def row(self, values: Values, fallback_id: str) -> Row:
        """The event; a row without an id is known by its place in the file."""
        fields = {name: self._value(name, values) for name in FIELDS}
        fields["id"] = fields["id"] if fields["id"] not in (None, "") else fallback_id
        fields["source"] = fields["source"] or self.source
        external = fields["externalId"]
        if external is not None and not isinstance(external, Mapping):
            fields["externalId"] = {"source": self.external_source or "", "id": str(external)}
        fields["properties"] = self._properties(fields["properties"], values)
        return msgspec.convert({k: v for k, v in fields.items() if v is not None}, Row)

    def _value(self, name: str, values: Values) -> Any:
        column = self.columns.get(name, name)
        value = values.get(column, values.get(_snake(column)))
        if value in (None, ""):
            return None
        if name in MOMENTS:
            return self._moment(value, name)
        return _number(value) if name == "quantity" else value

    def _moment(self, value: Any, name: str) -> Any:
        """A moment with a zone, the named one where it has none; the server refuses all else."""
        try:
            return moment(value, name, self.zone).isoformat()
        except InvalidInput:
            return value

    def _properties(self, cell: Any, values: Values) -> Any:
        """A column of JSON, or columns called `properties.<name>`."""
        if isinstance(cell, str):
            try:
                cell = msgspec.json.decode(cell)
            except (msgspec.DecodeError, RecursionError):
                return cell
        named: Values = {
            name.removeprefix(PROPERTY): value
            for name, value in values.items()
            if name.startswith(PROPERTY) and value not in (None, "")
        }
        if not named:
            return cell
        return {**cast("Values", cell), **named} if isinstance(cell, dict) else named


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


# Files


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a file, or why it cannot be read."""

    values: Values | None
    raw: str = ""
    problem: str | None = None


def records(path: Path, kind: str) -> Iterator[Record]:
    """Every row of the file, in order."""
    return {"csv": _csv, "jsonl": _lines, "parquet": _parquet}[kind](path)


def kind_of(path: Path) -> str:
    """The format by the file's name; LoadError when the name does not say."""
    kinds = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
    if path.suffix.lower() not in kinds:
        raise LoadError(f"{path}: name the format with --format ({', '.join(kinds)} need none)")
    return kinds[path.suffix.lower()]


def _csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(MAX_BODY_BYTES)  # a larger cell than a row may have costs its row only
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for values in reader:
                extra: Any = values.pop(None, None)  # type: ignore[call-overload] - surplus cells stand under None
                if extra:
                    yield Record(None, str(extra), f"{len(extra)} cells more than columns")
                else:
                    yield Record(dict(values))
        except csv.Error as error:
            raise LoadError(f"{path}, line {reader.line_num}: {error}") from error


def _lines(path: Path) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                yield Record(decoder.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                why = f"a JSON object ({reason(error)})"
                yield Record(None, line[:500].decode(errors="replace"), why)


def _parquet(path: Path) -> Iterator[Record]:
    if find_spec("pyarrow") is None:
        raise LoadError("Parquet needs pyarrow: pip install pyarrow, or write CSV or JSON lines")
    file: Any = import_module("pyarrow.parquet").ParquetFile(path)
    for batch in file.iter_batches(batch_size=5_000):
        try:
            yield from map(_of_parquet, batch.to_pylist())
        except (OverflowError, ValueError):  # of one of its rows
            for number in range(batch.num_rows):
                yield _alone(batch.slice(number, 1))


def _alone(batch: Any) -> Record:
    try:
        return _of_parquet(batch.to_pylist()[0])
    except (OverflowError, ValueError) as error:
        return Record(None, str(batch.schema.names), f"values within the calendar ({error})")


def _of_parquet(values: Any) -> Record:
    """Moments, spans and numbers that only Parquet has, as JSON has them."""
    return Record(msgspec.to_builtins(values, enc_hook=str))


def content_of(path: Path) -> str:
    """A hash of all bytes: by it a file is the same, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Loading


@dataclass(frozen=True, slots=True)
class Load:
    """A file on its way: what is read how, and where rows go that are not taken."""

    path: Path
    kind: str
    reading: Reading
    rejects: Path
    state: Path
    console: Console
    chunk_rows: int = CHUNK_ROWS
    max_pause_s: float = MAX_PAUSE_S

    async def send(self, url: str, key: str, *, again: bool) -> Counter[str]:
        """Send what was not answered yet; statuses of all rows, those of earlier runs included."""
        state = self._state(url, again=again)
        if state.done:
            self.console.print(f"{self.path} was loaded before; --again sends it once more")
            return Counter(state.counts)
        total = self._total()
        rows = self._rows(state.content)
        with Meter(self.console) as meter:
            meter.begin(KIND, total)
            meter.advance(sum(1 for _ in islice(rows, state.rows)))
            async with self._client(url, key, append=state.rows > 0) as client:
                while chunk := list(islice(rows, self.chunk_rows)):
                    await self._send_chunk(client, chunk, meter, state)
                    self._note(state)
            meter.say(f"{KIND:<16} {in_words(Counter(state.counts))}")
        state.done = True
        self._note(state)
        return Counter(state.counts)

    def _client(self, url: str, key: str, *, append: bool) -> Client:
        return Client(url, key, self.rejects, append=append, max_pause_s=self.max_pause_s)

    async def _send_chunk(
        self, client: Client, chunk: list[Row | Receipt], meter: Meter, state: State
    ) -> None:
        good = [row for row in chunk if isinstance(row, Row)]
        bad = [row for row in chunk if isinstance(row, Receipt)]
        for receipt in bad:
            client.keep(KIND, receipt.value, receipt)
        before = Counter(client.tally.counts.get(KIND, Counter()))
        await client.load(Batch(KIND, len(good), iter(good)), meter.advance)
        meter.advance(len(bad))
        fresh = client.tally.counts.get(KIND, Counter()) - before
        fresh["rejected"] += len(bad)
        state.counts = dict(+(Counter(state.counts) + fresh))
        state.rows += len(chunk)

    def judge(self) -> Counter[str]:
        """A dry run: every row held against the rules, nothing sent."""
        counts: Counter[str] = Counter()
        with Meter(self.console) as meter, self.rejects.open("wb") as rejects:
            meter.begin(KIND, self._total())
            for number, row in enumerate(self._rows(content_of(self.path))):
                problem = row if isinstance(row, Receipt) else verdict(number, row)
                counts["good" if problem is None else "rejected"] += 1
                if problem is not None:
                    rejects.write(msgspec.json.encode({"why": problem, "row": row}) + b"\n")
                meter.advance(1)
        return counts

    def _rows(self, content: str) -> Iterator[Row | Receipt]:
        for number, record in enumerate(records(self.path, self.kind)):
            if record.values is None:
                yield Receipt(number, "rejected", None, "row", record.raw[:500], record.problem)
            else:
                yield self.reading.row(record.values, f"{content[:16]}:{number}")

    def _total(self) -> int:
        return sum(1 for _ in records(self.path, self.kind))

    def _state(self, url: str, *, again: bool) -> State:
        """Where to go on: only if file, mapping and address are those of the last time."""
        fresh = State(content_of(self.path), str(self.reading), url)
        if again or not self.state.exists():
            return fresh
        try:
            state = msgspec.json.decode(self.state.read_bytes(), type=State)
        except msgspec.MsgspecError as error:
            raise LoadError(
                f"{self.state} is no state of an import ({error}); remove it"
            ) from error
        parts = ("content", "reading", "url")
        same = all(getattr(state, part) == getattr(fresh, part) for part in parts)
        return state if same else fresh

    def _note(self, state: State) -> None:
        write_whole(self.state, msgspec.json.encode(state))


def verdict(number: int, row: Row) -> Receipt | None:
    """Why the service would turn a row away, as far as the row alone can tell."""
    good, bad = parse(b"[" + msgspec.json.encode(row) + b"]", EventRow, DRY)
    try:
        for numbered in good:
            _check(numbered)
    except InvalidInput as error:
        bad = [rejection(number, error, str(row.id))]
    if not bad:
        return None
    why = bad[0]
    return Receipt(number, why.status, why.id, why.field, why.value, why.message)


def _check(numbered: NumberedRow[EventRow]) -> None:
    numbered.row.recorded_at = recorded_at(DRY, numbered.row.recorded_at)
    event(numbered.row)


def mapped(pairs: Sequence[str], refuse: Callable[[str], Exception]) -> dict[str, str]:
    """`field=column` pairs as a mapping."""
    columns: dict[str, str] = {}
    for pair in pairs:
        name, _, column = pair.partition("=")
        if name not in FIELDS or not column:
            raise refuse(f"'{pair}' is not FIELD=COLUMN with a field of {', '.join(FIELDS)}")
        columns[name] = column
    return columns
