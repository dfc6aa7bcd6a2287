"""Memory of a training frame while services tell it, chunk by chunk: -m benchmarks.frame."""

import argparse
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from infra.pages.signals_page import dictionaries
from ml.frames import landmarks
from ml.frames.admission import admitted
from ml.frames.columns import Collected
from ml.frames.landmarks import Label
from ml.frames.tenant import CHUNK
from shared.vocabulary.landmark import FeatureRow, Landmark
from shared.vocabulary.signal import Signal

UNKNOWN: Final = 0.1
TEXTS: Final = ("north", "south", "east", "west", "overseas")
TRAITS: Final = ("trait_region", "trait_stores", "trait_segment")
UNTIL: Final = date(2026, 11, 1)
SIDES: Final = ("as they came", "typed columns", "and the frame, checked")


def lines() -> dict[str, dict[str, Signal]]:
    """Every service's signals by name, three traits among them."""
    signals_by_service = {
        name: {s.name: s for s in signals} for name, signals in dictionaries().items()
    }
    family = signals_by_service["accounts"].pop("trait_*")
    return {
        **signals_by_service,
        "accounts": signals_by_service["accounts"] | dict.fromkeys(TRAITS, family),
    }


def chunks(rows: int) -> Iterator[dict[str, list[FeatureRow]]]:
    """Chunks as they come from the wire: the same chunk, decoded anew each time."""
    pick = random.Random(1)  # noqa: S311 - the same rows each time
    answer = {
        service: [
            {name: value(line, pick) for name, line in signals.items()}
            for _ in range(min(CHUNK, rows))
        ]
        for service, signals in lines().items()
    }
    wire = msgspec.msgpack.encode(answer)
    decoder = msgspec.msgpack.Decoder(dict[str, list[FeatureRow]])
    for _ in range(rows // min(CHUNK, rows)):
        yield decoder.decode(wire)


def value(line: Signal, pick: random.Random) -> Any:
    """A value that the line allows."""
    if line.unknown and pick.random() < UNKNOWN:
        return None
    if line.kind == "number":
        low = line.low or 0.0
        return pick.uniform(low, low + 100 if line.high is None else line.high)
    return pick.random() < 0.5 if line.kind == "flag" else pick.choice(TEXTS)


def as_they_came(rows: int) -> int:
    """What was done before: every value kept as the object it came as, then columns of objects."""
    columns: dict[str, list[Any]] = {}
    for answers in chunks(rows):
        for each in answers.values():
            for name in each[0]:
                columns.setdefault(name, []).extend(row[name] for row in each)
    arrays = {name: np.empty(rows, dtype=object) for name in columns}
    for name, column in columns.items():
        arrays[name][:] = column
    return len(arrays)


def typed(rows: int) -> Collected:
    """What is done: numbers as floats, texts as codes."""
    by_name = {name: line for signals in lines().values() for name, line in signals.items()}
    collected = Collected(by_name, rows)
    for answers in chunks(rows):
        collected.add(answers)
    return collected


def checked(rows: int) -> int:
    """The same with labels, as training goes on with it."""
    collected = typed(rows)
    accounts = [UUID(int=number) for number in range(max(rows // 24, 1))]
    labels = [
        Label(Landmark(account, landmarks.moment(UNTIL - timedelta(days=30 * month))), 12, False)
        for month in range(25, 0, -1)
        for account in accounts
    ][:rows]
    frame = landmarks.frame(labels, collected, "landmark", UNTIL)
    return len(admitted(frame, collected.dictionary).columns)


def side(name: str, rows: int) -> None:
    """One side, alone in its process: signals, peak above the start, seconds of CPU."""
    before = psutil.Process().memory_info().rss
    begun = time.process_time()
    work = {
        SIDES[0]: as_they_came,
        SIDES[1]: lambda rows: len(typed(rows).columns()),
        SIDES[2]: checked,
    }
    signals = work[name](rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(signals, peak, time.process_time() - begun)


def main(rows: int) -> int:
    console = Console()
    title = f"{rows:,} landmarks, {datetime.now(UTC):%Y-%m-%d}"
    grid = Table("", "signals", "peak MiB", "bytes a landmark", "a value", "CPU s", title=title)
    for name in SIDES:
        command = [sys.executable, "-m", "benchmarks.frame", "--rows", str(rows), "--side", name]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        signals, peak, seconds = int(answer[0]), int(answer[1]), float(answer[2])
        each = peak / rows
        cells = (f"{peak / 2**20:,.0f}", f"{each:,.0f}", f"{each / signals:.1f}", f"{seconds:.1f}")
        grid.add_row(name, str(signals), *cells)
    console.print(grid)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        side(options.side, options.rows)
    else:
        sys.exit(main(options.rows))
