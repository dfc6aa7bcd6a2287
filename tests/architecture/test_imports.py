"""Every import rule really forbids what it names: each is broken once, in an empty skeleton."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SERVICES = ["accounts", "billing", "learning", "risk", "usage"]
PARTS = ["actions", "app", "domain", "jobs", "schema", "store"]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

FORBIDDEN = [
    ("shared/rpc.py", "import services.risk", "One direction"),
    ("ml/model.py", "import services.risk.store", "One direction"),
    ("services/risk/store.py", "import graph.schema", "One direction"),
    ("graph/app.py", "import infra.cli", "One direction"),
    ("services/risk/domain.py", "import services.risk.store", "Within a service"),
    ("services/usage/store.py", "import services.usage.actions", "Within a service"),
    ("services/billing/actions.py", "import services.billing.schema", "Within a service"),
    ("services/billing/app.py", "import services.billing.jobs", "Within a service"),
    ("services/billing/fees.py", "", "Within a service"),
    ("services/billing/store.py", "import services.usage.store", "Services do not know"),
    ("graph/schema.py", "import services.risk.store", "The gateway sees"),
    ("services/risk/app.py", "import services.risk.schema", "Only the gateway"),
    ("infra/cli.py", "import services.risk.schema", "Only the gateway"),
    ("services/usage/jobs.py", "import ml.model", "Only risk"),
    ("services/risk/store.py", "import pandas", "No process that answers"),
    ("services/learning/domain.py", "import numpy", "Numbers by the frame"),
    ("services/risk/store.py", "import strawberry", "Strawberry only"),
    ("shared/rpc.py", "import strawberry", "Strawberry only"),
    ("services/risk/actions.py", "import arq", "arq only"),
]

ALLOWED = [
    ("services/risk/schema.py", "import strawberry\nimport services.risk.actions"),
    ("shared/graphql.py", "import strawberry"),
    ("services/risk/jobs.py", "import arq\nimport ml.score\nimport services.risk.store"),
    ("shared/work.py", "import arq"),
    ("graph/schema.py", "import strawberry\nimport services.risk.schema"),
    ("infra/cli.py", "import graph.schema\nimport services.risk.app\nimport ml.model"),
    ("ml/score.py", "import numpy"),
    ("ml/model.py", "import pandas\nimport lifelines\nimport ml.score\nimport shared.work"),
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
    """The layout of docs/architecture.md with every file empty, under the project's own rules."""
    modules = ["graph/app", "graph/schema", "infra/cli", "ml/model", "ml/score"]
    modules += ["shared/graphql", "shared/rpc", "shared/work", "shared/worker"]
    modules += [f"services/{service}/{part}" for service in SERVICES for part in PARTS]
    for module in modules:
        path = root / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        for folder in path.relative_to(root).parents:
            (root / folder / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", root)
    return root
