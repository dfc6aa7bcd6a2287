"""What must never stand in a tracked file."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files, name

# Put together from halves, so that this file may be tracked too.
REGISTRIES = [
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "registry." + "npmjs.org",
    "registry." + "yarnpkg.com",
    "deb." + "debian.org",
    "proxy." + "golang.org",
    "static." + "crates.io",
]
MACHINE_PATH = re.compile(r"(?<![\w.}-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+)/")
RUNS_CODE_ON_LOADING = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
# It only writes one, to show what a pickled model gives away.
MAY_PICKLE = {"tests/ml/fitting/test_lifelines_defects.py"}


def test_no_file_names_a_package_registry():
    assert not [name(path) for path in files() if any(host in _text(path) for host in REGISTRIES)]


def test_no_file_names_a_folder_of_someones_machine():
    paths = [f"{name(p)}: {m.group()}" for p in files() for m in MACHINE_PATH.finditer(_text(p))]
    assert not paths


def test_nothing_is_loaded_that_can_run_code():
    imports = {
        f"{name(path)}: {module}"
        for path in files("*.py")
        if name(path) not in MAY_PICKLE
        for module in _imported(path.read_text())
        if module.partition(".")[0] in RUNS_CODE_ON_LOADING
    }
    assert not imports


@pytest.mark.parametrize("path", files("requirements/*.txt"), ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path: Path):
    requirements = _requirements(path.read_text())
    assert requirements
    loose = [line for line in requirements if "==" not in line or "--hash=sha256:" not in line]
    assert not loose


def test_nothing_of_ours_waits_with_wait_for():
    """Ruff bans it, too, but not in files that may read the clock."""
    ours = files("graph/**.py", "infra/**.py", "ml/**.py", "services/**.py", "shared/**.py")
    assert not [name(path) for path in ours if "asyncio.wait_for" in path.read_text()]


def test_every_group_of_requirements_has_its_pins():
    groups = {path.stem for path in files("requirements/*.in")}
    assert groups == {path.stem for path in files("requirements/*.txt")}


def test_no_lock_file_records_where_a_package_was_downloaded():
    for path in files("**/package-lock.json", "package-lock.json"):
        packages = json.loads(path.read_text())["packages"]
        assert not [key for key, package in packages.items() if "resolved" in package], name(path)
        assert not [
            key for key, package in packages.items() if key and "integrity" not in package
        ], name(path)


def test_ci_runs_the_tests_as_the_readme_says_and_nothing_else():
    commands = [
        line
        for line in (ROOT / ".ci/run").read_text().splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert commands == ["make test-all"]
    assert "make test-all" in (ROOT / "README.md").read_text()


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _requirements(text: str) -> list[str]:
    """Each requirement with its hashes as one line."""
    joined = text.replace("\\\n", " ").splitlines()
    return [line for line in joined if line.strip() and not line.lstrip().startswith("#")]


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
