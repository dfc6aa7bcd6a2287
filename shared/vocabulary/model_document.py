"""A trained forecast on its way from training to the risk service, and what the gate said of it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from shared.vocabulary.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the values of one signal were spread.

    Of a number: counts below the first of `edges`, between each two, and from the last on; of
    anything else: counts of each of `levels`, and of all others. The last count is of unknown ones.
    """

    edges: list[float]
    levels: list[str]
    counts: list[int]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What is said of a model for people: a page of HTML, a card in Markdown, its known limits.

    `evidence` holds the figures they speak of; None where nobody gathered any.
    """

    page: bytes
    card: str
    limits: list[str]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class ModelDocument:
    """The exported model and what is known about it.

    `version` is derived from the document: the same bytes have the same version. `checksum` is
    the document's SHA-256 in hexadecimal. `accounts` and `events` count the accounts trained on
    and those of them that churned between `data_from` and `data_to`. `judged_document` is the same
    recipe fitted without the accounts it was judged on, so that a later candidate can be compared
    on them; empty where there is none. `reference` says how each signal was spread when trained.
    """

    version: str
    document: bytes
    checksum: str
    trained_at: datetime
    data_from: date
    data_to: date
    accounts: int
    events: int
    metrics: dict[str, float]
    judged_document: bytes = b""
    reference: dict[str, Histogram] = field(default_factory=dict[str, Histogram])
    report: ModelReport | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition for publication, with both models' values; None: not known or no champion."""

    name: str
    demands: str
    candidate: float | None
    champion: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """A candidate beside the champion, on the same accounts that neither was fitted to.

    `champion` is the version compared with, None for a tenant's first model. `rows`, `accounts`
    and `lost` count what they were judged on.
    """

    champion: str | None
    rows: int
    accounts: int
    lost: int
    rules: list[Rule]
    notes: list[str]

    @property
    def passed(self) -> bool:
        """Whether every rule holds."""
        return all(rule.passed for rule in self.rules)

    @property
    def failed(self) -> list[str]:
        """Names of the rules that do not hold."""
        return [rule.name for rule in self.rules if not rule.passed]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The champion as the risk service keeps it, for a comparison."""

    version: str
    document: bytes
    checksum: str
    judged_document: bytes
