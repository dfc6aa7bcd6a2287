"""Every import rule really forbids what it names: each is broken once, in an empty skeleton."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files

PACKAGES = ["graph", "infra", "ml", "services", "shared"]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

FORBIDDEN = [
    ("shared/process/rpc.py", "import services.risk", "One direction"),
    ("ml/fitting/fit.py", "import services.risk.store", "One direction"),
    ("services/risk/store/health.py", "import graph.schema", "One direction"),
    ("graph/app.py", "import infra.cli", "One direction"),
    ("ml/scoring/score.py", "import ml.frames.frame", "Within ml"),
    ("ml/judging/gate.py", "import ml.fitting.fit", "Within ml"),
    ("ml/training/train.py", "import ml.backtesting.windows", "Within ml"),
    ("ml/simulation/tenant.py", "import ml.scoring.score", "Within ml"),
    ("ml/plots.py", "", "Within ml"),
    ("shared/platform/db.py", "import shared.process.rpc", "Within shared"),
    ("shared/clock.py", "", "Within shared"),
    ("infra/supervising/supervisor.py", "import infra.suite.start", "Within infra"),
    ("infra/trial/run.py", "import infra.suite.start", "Within infra"),
    ("services/risk/domain/chance.py", "import services.risk.store", "Within a service"),
    ("services/usage/store/habits.py", "import services.usage.actions", "Within a service"),
    ("services/billing/actions/changes.py", "import services.billing.schema", "Within a service"),
    ("services/learning/app.py", "import services.learning.jobs", "Within a service"),
    ("services/billing/fees.py", "", "Within a service"),
    ("services/accounts/store/tickets.py", "import services.usage.store", "Services do not know"),
    ("graph/schema.py", "import services.risk.store", "The gateway sees"),
    ("services/risk/app.py", "import services.risk.schema", "Only the gateway"),
    ("infra/cli/up.py", "import services.risk.schema", "Only the gateway"),
    ("services/usage/jobs.py", "import ml.fitting.fit", "Only risk"),
    ("services/risk/jobs.py", "import ml.frames.frame", "Risk asks"),
    ("services/risk/store/health.py", "import pandas", "No process that answers"),
    ("services/learning/domain/paths.py", "import numpy", "Numbers by the frame"),
    ("services/risk/store/health.py", "import strawberry", "Strawberry only"),
    ("shared/process/rpc.py", "import strawberry", "Strawberry only"),
    ("services/risk/actions/release.py", "import arq", "arq only"),
]

ALLOWED = [
    ("services/risk/schema/health.py", "import strawberry\nimport services.risk.actions"),
    ("shared/graphql/context.py", "import strawberry"),
    ("services/risk/jobs.py", "import arq\nimport ml.scoring.score\nimport services.risk.store"),
    ("shared/process/work.py", "import arq"),
    ("graph/schema.py", "import strawberry\nimport services.risk.schema"),
    ("infra/cli/up.py", "import graph.schema\nimport services.risk.app\nimport ml.fitting.fit"),
    ("ml/scoring/score.py", "import numpy"),
    ("ml/fitting/fit.py", "import pandas\nimport lifelines\nimport ml.scoring.score"),
]


@pytest.mark.parametrize(("module", "line", "rule"), FORBIDDEN)
def test_an_import_against_a_rule_is_found(tmp_path: Path, module: str, line: str, rule: str):
    answer = _lint(_skeleton(tmp_path), {module: line})
    broken = [row for row in answer.splitlines() if row.endswith("BROKEN")]
    assert [row for row in broken if row.startswith(rule)], answer


def test_imports_along_the_rules_are_allowed(tmp_path: Path):
    answer = _lint(_skeleton(tmp_path), dict(ALLOWED))
    assert "0 broken" in answer, answer


def _lint(root: Path, lines: dict[str, str]) -> str:
    for module, line in lines.items():
        (root / module).write_text(line + "\n")
    command = [LINT_IMPORTS, "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False).stdout


def _skeleton(root: Path) -> Path:
    """The project's own layout with every file empty, under the project's own rules."""
    for package in PACKAGES:
        for path in files(f"{package}/*.py"):
            copy = root / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    shutil.copy(ROOT / "pyproject.toml", root)
    return root
