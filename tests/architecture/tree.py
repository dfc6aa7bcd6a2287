"""The files of the repository, as git knows them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files(*patterns: str) -> list[Path]:
    """Tracked and new files, ignored ones left out, that match any of the git patterns."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    listed = subprocess.run([*command, *patterns], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return sorted({path for path in paths if path.is_file()})


def name(path: Path) -> str:
    """How a failure names the file."""
    return str(path.relative_to(ROOT))
