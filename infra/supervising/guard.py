"""Our end of the watchdog: which process groups must not outlive us."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Sequence

from infra.supervising import watchdog


class Guard:
    """Tells the watchdog what runs; starts it again should it be gone."""

    def __init__(self, keep_open: Sequence[int] = ()) -> None:
        self._keep_open = tuple(keep_open)
        self._groups: dict[int, int] = {}
        self._process = self._start()

    def watch(self, group: int, stop_signal: signal.Signals) -> None:
        """This process group ends when we end, however we end."""
        self._groups[group] = int(stop_signal)
        self._say(f"+{group} {int(stop_signal)}\n")

    def forget(self, group: int) -> None:
        """The group has ended; its number may belong to a stranger soon."""
        if self._groups.pop(group, None) is not None:
            self._say(f"-{group}\n")

    def close(self) -> None:
        """Nothing is left to watch over."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=watchdog.PATIENCE_S + 2)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
            pass_fds=self._keep_open,
        )

    def _say(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self.close()
            self._process = self._start()
            self._write("".join(f"+{group} {number}\n" for group, number in self._groups.items()))

    def _write(self, text: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(text.encode())
