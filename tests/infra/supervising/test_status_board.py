"""One supervisor per data folder, and nothing left over from one that was killed."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.supervising.errors import StartError
from infra.supervising.status_board import FolderLock, Line, alive, born, end_leftovers, state_of


def test_a_second_start_on_the_same_folder_says_so(tmp_path: Path):
    first = FolderLock(tmp_path)
    with pytest.raises(StartError) as refused:
        FolderLock(tmp_path)
    assert f"already runs on {tmp_path} (process {os.getpid()})" in str(refused.value)
    assert "TENURE_DATA_DIR" in str(refused.value)
    first.release()
    FolderLock(tmp_path).release()


def test_a_lock_file_alone_locks_nothing(tmp_path: Path):
    (tmp_path / "tenure.lock").write_text("1")
    FolderLock(tmp_path).release()


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"Cannot read and write .*file.*TENURE_DATA_DIR"):
        FolderLock(tmp_path / "file" / "folder")


def test_leftovers_are_ended_and_strangers_are_not(tmp_path: Path):
    left, stranger = (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2)
    )
    lines = [
        Line("left", None, "up", left.pid, born(left.pid)),
        Line("stranger", None, "up", stranger.pid, (born(stranger.pid) or 0) - 60),
    ]
    (tmp_path / "state.json").write_text(json.dumps({"programs": [asdict(line) for line in lines]}))

    assert end_leftovers(tmp_path) == ["left"]

    assert left.poll() is not None
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_broken_state_file_is_as_good_as_none(tmp_path: Path):
    (tmp_path / "state.json").write_text("{")
    assert state_of(tmp_path) == {}
    assert end_leftovers(tmp_path) == []
    assert not alive(None, None)
