"""The record in a real MLflow: runs, versions, aliases equal to risk's, and no pickle anywhere."""

import contextlib
import os
import pickletools
import shutil
import sqlite3
import subprocess
import sys
import time
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from mlflow import MlflowClient

from ml.scoring.document import ModelUnreadable
from ml.training.reference import histogram
from ml.training.registry import Registry, RunRecord
from shared.platform.config import Settings
from shared.vocabulary.errors import NotFound
from shared.vocabulary.model_document import Judgement, ModelDocument, Rule
from tests.architecture.tree import ROOT
from tests.conftest import for_test
from tests.services.risk.examples import a_model
from tests.services.risk.test_release import a_judgement

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TENANT = UUID("00000000-0000-4000-8000-000000000001")


def a_run(model: ModelDocument | None, outcome: str = "PUBLISHED") -> RunRecord:
    return RunRecord(
        run_id=uuid4(),
        cause="COMMAND",
        asked_by="test",
        asked_at=NOON,
        started_at=NOON,
        ended_at=NOON,
        outcome=outcome,
        reason=None,
        version=model.version if model else None,
        judgement=a_judgement() if model else None,
        figures=model.metrics if model else {},
    )


@pytest.fixture(scope="module")
def empty_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database with nothing in it: to make one takes longer than any test here."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with warnings.catch_warnings(action="ignore"):
        MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def settings(tmp_path: Path, empty_record: Path) -> Settings:
    (tmp_path / "mlflow").mkdir()
    shutil.copy(empty_record, tmp_path / "mlflow")
    return for_test(tmp_path)


def whole(use: float = -0.8) -> ModelDocument:
    model = a_model(use=use)
    column = np.array([1.0, 2.0, None], dtype=object)
    reference = {"events_28d": histogram(column)}
    return replace(model, judged_document=model.document, reference=reference)


def test_a_training_and_its_model_are_found_again(settings: Settings):
    registry, model = Registry(settings, TENANT), whole()
    run = a_run(model)
    registry.record(run, model)
    registry.align({"champion": model.version, "challenger": None})

    again = Registry(settings, TENANT)
    assert again.recorded() == {str(run.run_id)}
    assert again.versions() == {model.version: "1"}
    assert again.aliases() == {"champion": model.version}
    assert again.document("champion") == model.document
    with pytest.raises(NotFound):
        again.document("challenger")


def test_what_a_run_says_of_itself(settings: Settings):
    registry, model = Registry(settings, TENANT), whole()
    registry.record(a_run(model), model)
    (run,) = registry._client.search_runs([registry._experiment])
    assert run.data.metrics == pytest.approx(model.metrics)
    params = run.data.params
    assert {"data_hash", "schema_hash", "data_from", "data_to", "seed", "checksum"} <= set(params)
    assert params["checksum"] == model.checksum
    assert run.data.tags["outcome"] == "PUBLISHED"
    assert not [tag for tag in run.data.tags if "git" in tag]


def test_refused_and_failed_trainings_are_on_record_too(settings: Settings):
    registry, model = Registry(settings, TENANT), whole()
    runs = [a_run(model, "REFUSED"), a_run(None, "FAILED")]
    for run in runs:
        registry.record(run, model if run.version else None)
    assert registry.recorded() == {str(run.run_id) for run in runs}
    assert list(registry.versions()) == [model.version]


def test_aliases_follow_every_move_and_a_version_is_registered_once(settings: Settings):
    registry = Registry(settings, TENANT)
    first, second = whole(-0.8), whole(-0.5)
    for model in (first, second, first):
        registry.record(a_run(model), model)
    assert sorted(registry.versions()) == sorted([first.version, second.version])
    for holders in (
        {"champion": first.version, "challenger": second.version},
        {"champion": second.version, "challenger": None},
        {"champion": first.version, "challenger": None},
    ):
        registry.align(holders)
        versions = {alias: version for alias, version in holders.items() if version}
        assert registry.aliases() == versions


def test_tenants_have_models_of_their_own(settings: Settings):
    mine, other = Registry(settings, TENANT), Registry(settings, uuid4())
    model = whole()
    mine.record(a_run(model), model)
    assert other.versions() == {}
    assert other.recorded() == set()


CREATED = """
import sys
from pathlib import Path
from ml.training.registry import Registry
from tests.conftest import for_test
from tests.ml.training.test_registry import TENANT
Registry(for_test(Path(sys.argv[1])), TENANT)
"""


def tables(database: Path) -> int:
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return 0


@pytest.mark.long
def test_whoever_is_killed_while_the_record_is_made_leaves_none_that_does_not_open(tmp_path: Path):
    for enough in (5, 20, 35, 50):
        folder = tmp_path / str(enough)
        folder.mkdir()
        process = subprocess.Popen([sys.executable, "-c", CREATED, folder], cwd=ROOT)
        while process.poll() is None and not any(
            tables(path) >= enough for path in (folder / "mlflow").glob("mlflow.db*")
        ):
            time.sleep(0.002)
        process.kill()
        process.wait()
        assert Registry(for_test(folder), TENANT).versions() == {}


def test_nothing_kept_is_a_pickle(settings: Settings):
    registry, model = Registry(settings, TENANT), whole()
    registry.record(a_run(model), model)
    files = [p for p in (settings.data_dir / "mlflow" / "artifacts").rglob("*") if p.is_file()]
    assert {path.name for path in files} == {
        "model.json", "model.json.sha256", "judged.json", "reference.json", "judgement.json"
    }  # fmt: skip
    for path in files:
        content = path.read_bytes()
        assert path.suffix in (".json", ".sha256")
        with pytest.raises(Exception, match=r"."):
            list(pickletools.genops(content))


def test_an_artifact_that_was_changed_is_not_taken(settings: Settings):
    registry, model = Registry(settings, TENANT), whole()
    registry.record(a_run(model), model)
    registry.align({"champion": model.version})
    (path,) = (settings.data_dir / "mlflow" / "artifacts").rglob("model.json")
    path.write_bytes(model.document.replace(b"-0.8", b"-0.9"))
    with pytest.raises(ModelUnreadable, match="checksum"):
        registry.document("champion")


@pytest.mark.parametrize("module", ["services.risk.jobs", "services.risk.app", "graph.app"])
def test_no_process_that_answers_or_works_loads_what_fits_models(module: str):
    program = (
        f"import sys, {module}\n"
        "heavy = {'pandas', 'lifelines', 'mlflow', 'scipy', 'sklearn', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_rule_and_a_verdict_survive_the_way_to_the_record():
    rule = Rule("oe_12m", "within 0.1 of 1", 1.0, None, False)
    verdict = Judgement("v", 3, 2, 1, [rule], [])
    assert (verdict.passed, verdict.failed) == (False, ["oe_12m"])
