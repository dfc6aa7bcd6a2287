"""What a person sees: lines of our own, in bold, and of processes only what is wrong."""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow")


class Quiet(Console):
    """A console that falls silent for good when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Without an end of the process, which is rich's own way."""
        self.quiet = True


class Terminal:
    """Writes lines, each process's with its name; colours, and what turns, on a terminal alone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.console = Quiet(file=stream or sys.stdout, highlight=False, markup=False, emoji=False)
        self.is_terminal = self.console.is_terminal
        self.muted = False
        self._colours: dict[str, str] = {}

    def line(self, name: str, text: str) -> None:
        """A line of a process; not while `muted`."""
        if not self.muted:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            self._write(Text.assemble((f"{name:<15} |", colour), f" {text}"))

    def say(self, text: str) -> None:
        """One line of our own."""
        self._write(Text(text, style="bold"))

    def plain(self, text: str) -> None:
        self._write(Text(text))

    def turning(self, text: str) -> AbstractContextManager[object]:
        """Show on a terminal that something goes on, as long as it does."""
        if not self.is_terminal or self.console.quiet:
            return nullcontext()
        return self.console.status(Text(text))

    def _write(self, text: Text) -> None:
        try:
            self.console.print(text, soft_wrap=True)
        except OSError:  # the terminal is gone; the logs in the data folder remain
            self.console.quiet = True
