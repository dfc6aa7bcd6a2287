"""docs/signals.md, from the services' dictionaries: `python -m infra.pages.signals_page`."""

from collections.abc import Iterator
from pathlib import Path

from shared.vocabulary.signal import Signal, read

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/signals.md"
HEAD = """# Signals

What the forecast is told of an account at a landmark. This page is made by `make docs` from the
lines of `services/*/store/features.csv`; a signal is changed there and in `features.sql` beside it.

Only what was recorded before the landmark is known, and what happened before it; windows end there.
A new signal is one line of SQL and one line of dictionary: training asks both, checks every value
against what may occur, and refuses to train on what it finds outside. Where a signal was unknown in
training, the model has a term for that. What customers keep under names of their own comes as
`trait_…`.

**Post-decision** signals may follow the decision to leave rather than precede it. They predict well
and explain nothing, and come too late to act on, so the forecast leaves them out
(`tenure train --with-post-decision` takes them in); see
[decision 13](decisions/0013-post-decision-signals.md).
"""
COLUMNS = "| signal | label | what may occur | window | meaning | made from | unknown |"


def dictionaries() -> dict[str, list[Signal]]:
    """The signals of each service that has some, in the order of its file."""
    folders = sorted(path for path in (ROOT / "services").iterdir() if path.is_dir())
    return {
        path.parts[-3]: read(path)
        for folder in folders
        for path in folder.glob("store/features.csv")
    }


def page() -> str:
    by_service = dictionaries()
    parts = [HEAD, *(_table(name, signals) for name, signals in by_service.items())]
    late = [signal for signals in by_service.values() for signal in signals if signal.post_decision]
    return "\n".join([*parts, *_late(late)])


def _table(service: str, signals: list[Signal]) -> str:
    rows = "\n".join(_row(signal) for signal in signals)
    return f"## {service}\n\n{COLUMNS}\n|---|---|---|---|---|---|---|\n{rows}\n"


def _row(signal: Signal) -> str:
    unit = f" ({signal.unit})" if signal.unit else ""
    cells = (
        f"`{signal.name}`", signal.label, signal.allowed + unit, signal.window, signal.meaning,
        signal.source, signal.unknown or "never",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _late(signals: list[Signal]) -> Iterator[str]:
    if signals:
        yield "## Post-decision\n"
        yield "".join(f"- `{signal.name}`: {signal.post_decision}\n" for signal in signals)


if __name__ == "__main__":
    PAGE.write_text(page())
