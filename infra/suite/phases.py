"""What a start is doing and how long each part took, so that one sees where the time goes."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from infra.supervising.status_board import Board
from infra.supervising.terminal import Screen


class Phases:
    """Announces each phase, times it and remembers the times."""

    def __init__(self, screen: Screen, board: Board) -> None:
        self._screen = screen
        self._board = board
        self._began = time.monotonic()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, title: str) -> Generator[None]:
        """One part of the start."""
        began = time.monotonic()
        self._board.phase(title)
        self._screen.say(f"tenure: {title} …")
        yield
        self.seconds[title] = time.monotonic() - began
        self._screen.say(f"tenure: {title}: {self.seconds[title]:.1f} s")

    @property
    def total_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def summary(self) -> str:
        """Every phase with its seconds, in one line."""
        return ", ".join(f"{title} {seconds:.1f} s" for title, seconds in self.seconds.items())
