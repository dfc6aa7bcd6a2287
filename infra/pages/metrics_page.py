"""docs/metrics.md, written from the definitions in code: `python -m infra.pages.metrics_page`."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from shared.vocabulary.definition import Definition, by_id

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/metrics.md"
HEAD = """# Metrics

What each number means. This page is made from the code by `make docs`; change a definition there.

Every metric of the graph is a `MetricValue`: it names its definition and version, its window, what
was divided by what, n, and the newest row behind it. `insufficientData` stands in place of a number
that nobody can honestly give: nothing to divide by, or too little to speak of. Shares are in
[0, 1]. Windows are half-open. With `asOf`, only what was recorded until then and happened before
counts; an answer about a past moment never changes. Internal and test users are never counted.
"""


def definitions() -> list[Definition]:
    """Everything that a service defines, in the order of the ids."""
    unsorted = [each for path in _sources() for each in _defined(path)]
    return sorted(by_id(*unsorted).values(), key=lambda each: _place(each.id))


def page() -> str:
    return "\n".join([HEAD, *(_section(each) for each in definitions())])


def _sources() -> Iterator[Path]:
    for pattern in ("definitions.py", "definitions/*.py"):
        yield from sorted((ROOT / "services").glob(f"*/{pattern}"))


def _defined(path: Path) -> Iterator[Definition]:
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    by_identity = {
        id(value): value for value in vars(module).values() if isinstance(value, Definition)
    }
    yield from by_identity.values()


def _place(name: str) -> tuple[str, int, str]:
    parts = re.match(r"([A-Z]+)(\d+)", name)
    if parts is None:
        raise ValueError(f"{name}: ids begin with a letter and a number, as in U14")
    return parts[1], int(parts[2]), name


def _section(each: Definition) -> str:
    return (
        f"## {each.id} {each.title}\n\n"
        f"{each.formula}\n\n"
        f"- Unit: {each.unit}; {each.direction}\n"
        f"- Window: {each.window}\n"
        f"- Made from: {each.source}\n"
        f"- Version: {each.version}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page())
