"""The quick tests on every other Python from 3.11 that this machine has.

`python -m tests.pythons [PYTEST OPTIONS]` installs each beside its packages in `.cache`.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MINORS = range(11, 20)
VERSION = "import sys, venv; print(*sys.version_info[:2], sep='.')"
PINS = [
    option for name in ("runtime", "ml", "dev") for option in ("-r", f"requirements/{name}.txt")
]


def installed() -> dict[str, Path]:
    """Pythons by version, the first of each that starts."""
    pythons: dict[str, Path] = {}
    for path in _candidates():
        answer = subprocess.run([path, "-c", VERSION], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            pythons.setdefault(answer.stdout.strip(), path)
    return pythons


def _candidates() -> Iterator[Path]:
    """What is on the path, and what pyenv keeps behind names that start nothing."""
    for minor in MINORS:
        if shim := shutil.which(f"python3.{minor}"):
            yield Path(shim)
            yield from sorted(Path(shim).parents[1].glob(f"versions/3.{minor}.*/bin/python"))


def prepared(version: str, path: Path) -> Path:
    """A Python with our packages."""
    python = ROOT / ".cache" / f"python{version}" / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", path, python.parents[1]], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python]
    subprocess.run([*install, "--require-hashes", *PINS], cwd=ROOT, check=True)
    subprocess.run([*install, "--no-deps", "--editable", "."], cwd=ROOT, check=True)
    return python


def main(options: list[str]) -> int:
    """Run them one Python after the other; how many failed."""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = {version: path for version, path in installed().items() if version != mine}
    print(f"Python {mine} is done; also here: {', '.join(others) or 'no other'}", flush=True)
    failed: list[str] = []
    for version, path in others.items():
        print(f"Python {version} ({path})", flush=True)
        python = prepared(version, path)
        tests = [python, "-m", "pytest", "-m", "not long", *options]
        if subprocess.run(tests, cwd=ROOT, check=False).returncode:
            failed.append(version)
    print(f"Failed on {', '.join(failed)}" if failed else "All is well on each", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
