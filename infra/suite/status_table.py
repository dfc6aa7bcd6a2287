"""A table of what is up: drawn on a terminal, plain lines otherwise."""

import psutil
from rich.console import Console
from rich.table import Table

from infra.supervising.status_board import Line, alive
from infra.supervising.terminal import Terminal

COLOURS = {"up": "green", "starting": "yellow", "waiting": "yellow"}


def show(lines: list[Line], terminal: Terminal) -> None:
    """One row per program: status, process, port, restarts, memory; and the sum."""
    sizes = [memory_mib(line) for line in lines]
    if terminal.is_terminal:
        Console().print(table_of(lines, sizes))
    else:
        for line, size in zip(lines, sizes, strict=True):
            terminal.plain("  ".join(cell.ljust(14) for cell in cells(line, size)).rstrip())
    terminal.plain(f"Memory of all programs: {sum(sizes):.0f} MiB")


def table_of(lines: list[Line], sizes: list[float]) -> Table:
    table = Table("program", "status", "process", "port", "restarts", "MiB")
    for line, size in zip(lines, sizes, strict=True):
        table.add_row(*cells(line, size), style=COLOURS.get(line.status, "red"))
    return table


def cells(line: Line, size: float) -> list[str]:
    """A program's row as text."""
    values = (
        line.name,
        line.status,
        line.pid or "–",
        line.port or "–",
        line.restarts,
        f"{size:.0f}",
    )
    return [str(cell) for cell in values]


def memory_mib(line: Line) -> float:
    """Memory of a program and all it started; shared pages count once where that is known."""
    if line.pid is None or not alive(line.pid, line.created):
        return 0.0
    try:
        process = psutil.Process(line.pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(own_mib(member) for member in family)


def own_mib(process: psutil.Process) -> float:
    """Memory of one process; the proportional share where we may see it."""
    try:
        memory = process.memory_full_info()
        return getattr(memory, "pss", memory.rss) / (1 << 20)
    except psutil.AccessDenied:
        return process.memory_info().rss / (1 << 20)
    except psutil.Error:
        return 0.0
