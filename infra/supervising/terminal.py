"""What a person sees: lines of all processes, each with its name, coloured on a terminal."""

import os
import sys
from collections import deque
from pathlib import Path
from typing import BinaryIO, TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94, 91)
LOG_MOST_BYTES = 5 << 20
LINE_MOST_BYTES = 16 << 10


class Screen:
    """Writes prefixed lines; goes quiet for good when nobody reads any more."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.is_terminal = self._stream.isatty()
        self._coloured = self.is_terminal and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}
        self.muted = False
        self._gone = False

    def line(self, name: str, text: str) -> None:
        """One line of a process; held back while `muted`."""
        if not self.muted:
            self._write(f"{self._prefix(name)} {text}")

    def say(self, text: str) -> None:
        """One line of our own."""
        self._write(self.bold(text))

    def plain(self, text: str) -> None:
        """A line as it is, to be copied."""
        self._write(text)

    def bold(self, text: str) -> str:
        """The text in bold where the terminal can."""
        return f"\033[1m{text}\033[0m" if self._coloured else text

    def _prefix(self, name: str) -> str:
        padded = f"{name:<15} |"
        if not self._coloured:
            return padded
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\033[{colour}m{padded}\033[0m"

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:  # the terminal or the pipe is gone; the logs in the data folder remain
            self._gone = True


class Journal:
    """What one process says: kept in a bounded file, shown on the screen, the newest remembered."""

    def __init__(
        self, name: str, folder: Path, screen: Screen, *, most_bytes: int = LOG_MOST_BYTES
    ) -> None:
        self.recent: deque[str] = deque(maxlen=20)
        self._name = name
        self._path = folder / f"{name}.log"
        self._screen = screen
        self._most_bytes = most_bytes
        self._rest = b""
        self._file: BinaryIO | None = None

    def take(self, part: bytes) -> None:
        """Bytes as they come; every whole line is passed on."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > LINE_MOST_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._one(line)

    def end(self) -> None:
        """The process has ended; a last line without an end counts too."""
        if self._rest:
            self._one(self._rest)
        self._rest = b""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _one(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self.recent.append(text)
        self._keep(line + b"\n")
        self._screen.line(self._name, text)

    def _keep(self, line: bytes) -> None:
        try:
            file = self._opened()
            file.write(line)
            file.flush()
        except OSError:  # a full disk must not end the processes whose words these are
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is not None and self._file.tell() < self._most_bytes:
            return self._file
        if self._file is not None:
            self._file.close()
        if self._path.exists() and self._path.stat().st_size >= self._most_bytes:
            self._path.replace(self._path.with_suffix(".log.1"))
        self._file = self._path.open("ab")
        return self._file
