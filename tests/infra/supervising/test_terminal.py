"""Lines of many processes on one screen and in bounded files."""

import io
import re
from pathlib import Path

import pytest

from infra.servers import postgres, valkey
from infra.supervising.journal import LINE_MAX_BYTES, Journal
from infra.supervising.program import WRONG
from infra.supervising.terminal import Terminal

EVERY = re.compile("")


def test_lines_carry_the_name_of_their_process_and_are_kept_whole(tmp_path: Path):
    screen = io.StringIO()
    journal = Journal("usage", tmp_path, Terminal(screen), EVERY)
    journal.take(b"one\ntw")
    journal.take("o \N{SNOWMAN}\nwithout end".encode())
    journal.end()

    assert [line.split("| ")[1] for line in screen.getvalue().splitlines()] == [
        "one",
        "two \N{SNOWMAN}",
        "without end",
    ]
    assert screen.getvalue().startswith("usage ")
    assert (tmp_path / "usage.log").read_text() == "one\ntwo \N{SNOWMAN}\nwithout end\n"


def test_without_a_terminal_there_is_no_colour(tmp_path: Path):
    screen = io.StringIO()
    journal = Journal("usage", tmp_path, Terminal(screen), EVERY)
    journal.take(b"one\n")
    journal.end()
    assert "\033" not in screen.getvalue()


def test_a_log_never_grows_past_its_bound(tmp_path: Path):
    journal = Journal("usage", tmp_path, Terminal(io.StringIO()), EVERY, max_bytes=1_000)
    for _ in range(100):
        journal.take(b"x" * 99 + b"\n")
    journal.end()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"usage.log", "usage.log.1"}
    assert max(sizes.values()) <= 1_100


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path):
    journal = Journal("usage", tmp_path, Terminal(io.StringIO()), EVERY)
    for _ in range(10):
        journal.take(b"x" * 8_192)
    journal.end()
    assert all(len(line) <= 2 * LINE_MAX_BYTES for line in journal.recent)
    assert len(journal.recent) >= 3


def test_bytes_that_are_no_text_and_a_reader_who_left_do_no_harm(tmp_path: Path):
    class ClosedScreen(io.StringIO):
        def write(self, s: str, /) -> int:
            raise BrokenPipeError(s)

    journal = Journal("usage", tmp_path, Terminal(ClosedScreen()), EVERY)
    journal.take(b"\xff\xfe\n")
    journal.take(b"more\n")
    journal.end()
    assert (tmp_path / "usage.log").read_bytes() == b"\xff\xfe\nmore\n"


QUIET = [
    "2026-11-30 16:29:39 UTC [1] tenure_risk LOG:  duration: 3197.977 ms  statement: SELECT 1",
    "2026-11-30 16:29:39 UTC [1] tenure_risk FATAL:  the database system is starting up",
    "2026-11-30 16:29:39 UTC [1] tenure_risk FATAL:  terminating connection due to administrator",
    "2026-11-30 16:29:39 UTC [1] tenure_risk ERROR:  deadlock detected",
]


@pytest.mark.parametrize(
    ("alarm", "quiet", "loud"),
    [
        (
            postgres.ALARM,
            QUIET,
            ["… FATAL:  could not open file", "… PANIC:  could not write to file"],
        ),
        (
            valkey.ALARM,
            ["1:M 30 Nov 2026 # WARNING Memory overcommit must be enabled!", "1:M # Ready to exit"],
            ["1:M # Fatal error loading the DB", "1:M # Could not create server TCP socket"],
        ),
        (
            WRONG,
            ["INFO shared.process.facts relay", "Traceback (most recent call last):"],
            ["WARNING shared.process.worker Redis does not answer", "ERROR rescore"],
        ),
    ],
)
def test_only_what_is_wrong_is_shown(alarm: "re.Pattern[str]", quiet: list[str], loud: list[str]):
    assert not [line for line in quiet if alarm.search(line)]
    assert [line for line in loud if alarm.search(line)] == loud
