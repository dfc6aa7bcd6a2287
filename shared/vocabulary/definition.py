"""What a metric means, in words that are generated into docs/metrics.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """Says what a number is; with another formula it is another version."""

    id: str
    version: int
    title: str
    formula: str
    unit: str
    window: str
    direction: str
    source: str


def by_id(*definitions: Definition) -> dict[str, Definition]:
    """The definitions under their ids; an id names one thing."""
    ids = {definition.id: definition for definition in definitions}
    if len(ids) < len(definitions):
        raise ValueError("two definitions share an id")
    return ids
