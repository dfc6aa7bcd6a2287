"""How far a long load has come: bars on a terminal, plain lines elsewhere."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 10.0


class Meter:
    """One bar or a few lines per kind of row."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = (
            Progress(
                TextColumn("{task.description:<16}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=console,
            )
            if console.is_terminal
            else None
        )
        self._task: TaskID | None = None
        self._kind, self._total, self._done, self._line_at = "", 0, 0, 0.0

    def __enter__(self) -> "Meter":
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def begin(self, kind: str, total: int) -> None:
        """The rows of a kind are on their way now."""
        self._kind, self._total, self._done, self._line_at = kind, total, 0, time.monotonic()
        if self._bars:
            self._task = self._bars.add_task(kind, total=total)

    def advance(self, rows: int) -> None:
        """So many more rows were answered."""
        self._done += rows
        if self._bars and self._task is not None:
            self._bars.advance(self._task, rows)
        elif time.monotonic() - self._line_at >= LINE_EVERY_S:
            self._line_at = time.monotonic()
            self.say(f"{self._kind}: {self._done:,} of {self._total:,} rows")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
