"""What risk knows of releases: runs of training, who made which model serve, broken documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.vocabulary.model_document import Judgement

EVERY_DAYS: Final = 7
"""How often a tenant's model is trained anew unless its schedule says otherwise."""

MAX_EVERY_DAYS: Final = 365
ALIVE_S: Final = 90
"""How long after its last sign of life a training counts as running."""

MAX_STARTS: Final = 3
"""How often a training that breaks off is begun."""


class Cause(StrEnum):
    SCHEDULED = "SCHEDULED"
    REQUESTED = "REQUESTED"
    COMMAND = "COMMAND"


class Outcome(StrEnum):
    PUBLISHED = "PUBLISHED"
    FORCED = "FORCED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


class Deed(StrEnum):
    PUBLISHED = "PUBLISHED"
    FORCED = "FORCED"
    PROMOTED = "PROMOTED"
    ROLLED_BACK = "ROLLED_BACK"
    REFUSED = "REFUSED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training, asked for, running or ended; `figures` are those on held-out accounts."""

    run_id: UUID
    cause: Cause
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    reason: str | None
    version: str | None
    judgement: Judgement | None
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class AliasChange:
    """From `set_at` on the alias means this version; None: nobody holds it."""

    alias: str
    version: str | None
    set_at: datetime
    deed: Deed
    done_by: str
    reason: str | None


def champion_before(history: Sequence[AliasChange]) -> str | None:
    """Whom a roll-back brings back: `history` is the champion's, oldest first.

    Rolling back twice goes two champions back: what was rolled back is not come back to.
    """
    line: list[str] = []
    for change in history:
        if change.deed is Deed.ROLLED_BACK:
            line = line[:-1] if len(line) > 1 else line
        elif change.version is not None and line[-1:] != [change.version]:
            line.append(change.version)
    return line[-2] if len(line) > 1 else None


@dataclass(frozen=True, slots=True)
class ChampionDocument:
    """The champion with the checksum it was published under and that of its document now."""

    version: str
    model_id: UUID
    checksum: str
    actual: str


@dataclass(frozen=True, slots=True)
class ModelBroken:
    """An alarm: the champion's document is missing, cut short or changed; `serving` replaces it."""

    version: str
    noticed_at: datetime
    why: str
    serving: str | None


@dataclass(frozen=True, slots=True)
class Fault(ModelBroken):
    """Such a model, with its tenant."""

    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class ModelMended:
    """The champion's document is whole again, and it serves."""

    version: str
    mended_at: datetime


@dataclass(frozen=True, slots=True)
class ChampionChanged:
    """Another model serves from now on."""

    version: str
    before: str | None
    deed: Deed
    done_by: str
    reason: str | None
