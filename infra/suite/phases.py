"""What a start is doing and how long each part took, so that one sees where the time goes."""

import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext

from infra.supervising.status_board import StatusBoard
from infra.supervising.terminal import Terminal


class Phases:
    """Announces each phase with its place among all, times it and remembers the times."""

    def __init__(self, terminal: Terminal, board: StatusBoard) -> None:
        self._terminal = terminal
        self._board = board
        self._began = time.monotonic()
        self.total = 0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, title: str, *, draws: bool = False) -> Generator[None]:
        """One part of the start; one that `draws` its own progress has the terminal to itself."""
        place = f"[{len(self.seconds) + 1}/{max(self.total, len(self.seconds) + 1)}]"
        began = time.monotonic()
        self._board.phase(title)
        if draws or not self._terminal.is_terminal:
            self._terminal.say(f"{place} {title} …")
        with nullcontext() if draws else self._terminal.turning(f"{place} {title} …"):
            yield
        self.seconds[title] = time.monotonic() - began
        self._terminal.say(f"{place} {title}: {self.seconds[title]:.1f} s")

    @property
    def total_s(self) -> float:
        return time.monotonic() - self._began
