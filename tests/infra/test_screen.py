"""Lines of many processes on one screen and in bounded files."""

import io
from pathlib import Path

from infra.supervising.terminal import LINE_MOST_BYTES, Journal, Screen


def test_lines_carry_the_name_of_their_process_and_are_kept_whole(tmp_path: Path):
    seen = io.StringIO()
    journal = Journal("usage", tmp_path, Screen(seen))
    journal.take(b"one\ntw")
    journal.take("o \N{SNOWMAN}\nwithout end".encode())
    journal.end()

    assert [line.split("| ")[1] for line in seen.getvalue().splitlines()] == [
        "one",
        "two \N{SNOWMAN}",
        "without end",
    ]
    assert seen.getvalue().startswith("usage ")
    assert (tmp_path / "usage.log").read_text() == "one\ntwo \N{SNOWMAN}\nwithout end\n"


def test_without_a_terminal_there_is_no_colour(tmp_path: Path):
    seen = io.StringIO()
    journal = Journal("usage", tmp_path, Screen(seen))
    journal.take(b"one\n")
    journal.end()
    assert "\033" not in seen.getvalue()


def test_a_log_never_grows_past_its_bound(tmp_path: Path):
    journal = Journal("usage", tmp_path, Screen(io.StringIO()), most_bytes=1_000)
    for _ in range(100):
        journal.take(b"x" * 99 + b"\n")
    journal.end()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"usage.log", "usage.log.1"}
    assert max(sizes.values()) <= 1_100


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path):
    journal = Journal("usage", tmp_path, Screen(io.StringIO()))
    for _ in range(10):
        journal.take(b"x" * 8_192)
    journal.end()
    assert all(len(line) <= 2 * LINE_MOST_BYTES for line in journal.recent)
    assert len(journal.recent) >= 3


def test_bytes_that_are_no_text_and_a_reader_who_left_do_no_harm(tmp_path: Path):
    class Gone(io.StringIO):
        def write(self, s: str, /) -> int:
            raise BrokenPipeError(s)

    journal = Journal("usage", tmp_path, Screen(Gone()))
    journal.take(b"\xff\xfe\n")
    journal.take(b"more\n")
    journal.end()
    assert (tmp_path / "usage.log").read_bytes() == b"\xff\xfe\nmore\n"
