"""What one process writes: all of it in a bounded file, on the terminal only what is wrong."""

import re
from collections import deque
from pathlib import Path
from typing import BinaryIO

from infra.supervising.terminal import Terminal

LOG_MAX_BYTES = 5 << 20
LINE_MAX_BYTES = 16 << 10


class Journal:
    """Lines of one process; `alarm` matches those that a person should see at once."""

    def __init__(
        self,
        name: str,
        folder: Path,
        terminal: Terminal,
        alarm: "re.Pattern[str]",
        *,
        max_bytes: int = LOG_MAX_BYTES,
    ) -> None:
        self.recent: deque[str] = deque(maxlen=20)
        self._name = name
        self._path = folder / f"{name}.log"
        self._terminal = terminal
        self._alarm = alarm
        self._max_bytes = max_bytes
        self._rest = b""
        self._file: BinaryIO | None = None

    def take(self, part: bytes) -> None:
        """Bytes as they come; every whole line is passed on."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > LINE_MAX_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._pass_on(line)

    def end(self) -> None:
        """The process has ended; a last line without an end counts too."""
        if self._rest:
            self._pass_on(self._rest)
        self._rest = b""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _pass_on(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self.recent.append(text)
        self._append(line + b"\n")
        if self._alarm.search(text):
            self._terminal.line(self._name, text)

    def _append(self, line: bytes) -> None:
        try:
            file = self._opened()
            file.write(line)
            file.flush()
        except OSError:  # a full disk must not end the processes whose words these are
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is not None and self._file.tell() < self._max_bytes:
            return self._file
        if self._file is not None:
            self._file.close()
        if self._path.exists() and self._path.stat().st_size >= self._max_bytes:
            self._path.replace(self._path.with_suffix(".log.1"))
        self._file = self._path.open("ab")
        return self._file
