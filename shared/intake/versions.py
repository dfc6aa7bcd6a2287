"""What of a batch is new: resent rows are recognised by digest, corrections become versions."""

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from shared.intake.rows import Receipt, Row
from shared.vocabulary.errors import clip

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Version:
    """One recorded state of a thing; `owner` never changes from version to version."""

    id: str
    recorded_at: datetime
    owner: UUID
    digest: bytes


@dataclass(frozen=True)
class Candidate(Generic[R]):
    """A good row and the version it would become."""

    number: int
    row: R
    version: Version


def candidate(number: int, row: R, row_id: str, owner: UUID) -> Candidate[R]:
    """The row as a version; its digest covers everything but the moment it was recorded."""
    recorded_at, row.recorded_at = row.recorded_at, None
    values = zip(row.__struct_encode_fields__, msgspec.structs.astuple(row), strict=True)
    content = {name: value for name, value in values if value is not msgspec.UNSET}
    digest = hashlib.blake2b(msgspec.msgpack.encode(content), digest_size=16).digest()
    row.recorded_at = recorded_at
    if recorded_at is None:
        raise ValueError("ingest sets recorded_at before a row is taken")
    return Candidate(number, row, Version(row_id, recorded_at, owner, digest))


def classify(
    candidates: Iterable[Candidate[R]], before: Iterable[Version], *, corrections: bool
) -> tuple[list[Candidate[R]], list[Receipt]]:
    """The rows to keep, by id and then time, and a receipt for every row.

    With `corrections` another body under a known id is a new version, otherwise a conflict.
    """
    histories: dict[str, list[Version]] = defaultdict(list)
    for version in sorted(before, key=_recorded):
        histories[version.id].append(version)
    fresh: list[Candidate[R]] = []
    receipts: list[Receipt] = []
    for new in sorted(candidates, key=lambda c: (c.version.recorded_at, c.number)):
        history = histories[new.version.id]
        verdict = _verdict(new, history, corrections=corrections)
        if verdict.status == "accepted":
            fresh.append(new)
            history.insert(_place(history, new.version), new.version)
        receipts.append(verdict)
    fresh.sort(key=lambda c: (c.version.id, c.version.recorded_at))
    return fresh, receipts


def _recorded(version: Version) -> datetime:
    return version.recorded_at


def _place(history: Sequence[Version], version: Version) -> int:
    return bisect_right(history, version.recorded_at, key=_recorded)


def _verdict(new: Candidate[R], history: Sequence[Version], *, corrections: bool) -> Receipt:
    version = new.version
    if not history:
        return Receipt(new.number, "accepted", version.id)
    if history[0].owner != version.owner:
        return _conflict(new, "id", version.id, "this id belongs to another account")
    place = _place(history, version) if corrections else len(history)
    before = history[place - 1] if place else None
    if before is not None and before.digest == version.digest:
        return Receipt(new.number, "duplicate", version.id)
    if not corrections:
        return _conflict(new, "id", version.id, "this id was sent before with other values")
    if before is not None and before.recorded_at == version.recorded_at:
        moment = version.recorded_at.isoformat()
        return _conflict(new, "recordedAt", moment, "other values were recorded at this moment")
    return Receipt(new.number, "accepted", version.id)


def _conflict(new: Candidate[R], field: str, value: str, message: str) -> Receipt:
    return Receipt(new.number, "conflict", new.version.id, field, clip(value), message)
