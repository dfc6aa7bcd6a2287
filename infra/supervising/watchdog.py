"""Ends the processes of a supervisor that was killed; runs beside it as a process of its own.

It reads lines from a pipe: `+<group> <signal>` when a process group was started, `-<group>` when it
ended. The pipe closes when the supervisor is gone, however it went; then whatever is left is ended.
Started with `python -I -S`, so it may import nothing but the standard library.
"""

import os
import signal
import sys
import time

PATIENCE_S = 8.0


def note(groups: dict[int, int], line: str) -> None:
    """Keep in `groups` what runs, with the signal that asks it to stop."""
    group, _, number = line[1:].strip().partition(" ")
    if line.startswith("+"):
        groups[int(group)] = int(number)
    else:
        groups.pop(int(group), None)


def send(group: int, number: int) -> bool:
    """Send a signal to a group; false when there is no such group any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end(groups: dict[int, int]) -> None:
    """Ask every group to stop, newest first; end by force what has not stopped in time."""
    for group, number in reversed(list(groups.items())):
        send(group, number)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and any(send(group, 0) for group in groups):
        time.sleep(0.05)
    for group in groups:
        send(group, signal.SIGKILL)


def main() -> None:
    """Follow the pipe until it closes, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        note(groups, line)
    end(groups)


if __name__ == "__main__":
    main()
