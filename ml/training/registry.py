"""MLflow keeps the record: a run for every training, a version for every model, risk's aliases."""

import fcntl
import os
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from ml.scoring.document import decode
from shared.platform.config import Settings
from shared.vocabulary.errors import NotFound
from shared.vocabulary.model_document import Judgement, ModelDocument

# Read while mlflow is imported: no telemetry, no look for git, no logging or printing of its own.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

EXPERIMENT: Final = "tenure"
FOLDER: Final = "model"
DOCUMENT: Final = "model.json"
MAX_PARAM: Final = 500
MAX_RUNS: Final = 1_000
ALIASES: Final = ("champion", "challenger")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A training as risk has it; `outcome` is PUBLISHED, FORCED, REFUSED or FAILED."""

    run_id: UUID
    cause: str
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    version: str | None
    judgement: Judgement | None
    figures: dict[str, float]


class Registry:
    """A tenant's runs and versions in MLflow: a database of our own, or a server by URL.

    Everything is written once, found again by its tags, and safe to repeat.
    """

    def __init__(self, settings: Settings, tenant_id: UUID) -> None:
        self._tenant = tenant_id
        self.name = f"renewal-risk-{tenant_id}"
        self._artifacts: str | None = None
        if settings.mlflow_url is None:
            folder = settings.data_dir / "mlflow"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._artifacts = (folder / "artifacts").as_uri()
            url = f"sqlite:///{_whole(folder / 'mlflow.db')}"
        else:
            url = settings.mlflow_url
        self._url = url
        with _quiet():
            self._client = MlflowClient(tracking_uri=url, registry_uri=url)
            self._experiment = self._known_experiment()
            self._known_model()

    def _known_experiment(self) -> str:
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return self._client.create_experiment(EXPERIMENT, artifact_location=self._artifacts)
        return str(experiment.experiment_id)

    def _known_model(self) -> None:
        try:
            self._client.create_registered_model(self.name, tags={"tenant": str(self._tenant)})
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def recorded(self) -> set[str]:
        """Ids of the tenant's trainings that are on record."""
        with _quiet():
            runs = self._client.search_runs(
                [self._experiment],
                filter_string=f"tags.tenant = '{self._tenant}'",
                max_results=MAX_RUNS,
            )
        return {run.data.tags["training"] for run in runs if "training" in run.data.tags}

    def versions(self) -> dict[str, str]:
        """MLflow's number of each of our versions that is registered."""
        with _quiet():
            versions = self._client.search_model_versions(f"name = '{self.name}'")
        return {
            version.tags["version"]: str(version.version)
            for version in versions
            if "version" in version.tags
        }

    def record(self, run: RunRecord, model: ModelDocument | None) -> None:
        """Write one ended training down, with its model if it made one that is not there yet."""
        with _quiet():
            tags = {
                "tenant": str(self._tenant),
                "training": str(run.run_id),
                "outcome": run.outcome or "",
                "cause": run.cause,
                "asked_by": run.asked_by,
                "reason": run.reason or "",
            }
            began = _ms(run.started_at or run.asked_at)
            made_run = self._client.create_run(
                self._experiment, began, tags, run_name=run.version or str(run.run_id)
            ).info.run_id
            if run.judgement is not None:
                plain = msgspec.json.format(msgspec.json.encode(run.judgement))
                self._client.log_text(made_run, plain.decode(), "judgement.json")
            if model is not None:
                self._write(made_run, model)
            status = "FAILED" if run.outcome == "FAILED" else "FINISHED"
            ended = None if run.ended_at is None else _ms(run.ended_at)
            self._client.set_terminated(made_run, status, ended)

    def _write(self, run_id: str, model: ModelDocument) -> None:
        self._client.log_batch(
            run_id,
            params=[Param(name, value) for name, value in params(model).items()],
            metrics=[
                Metric(name, value, _ms(model.trained_at), 0)
                for name, value in model.metrics.items()
            ],
        )
        with TemporaryDirectory() as folder:
            for name, content in artifacts(model).items():
                path = Path(folder, name)
                path.write_bytes(content)
                self._client.log_artifact(run_id, str(path), FOLDER)
        if model.version not in self.versions():
            uri = self._client.get_run(run_id).info.artifact_uri
            self._client.create_model_version(
                self.name,
                source=f"{uri}/{FOLDER}",
                run_id=run_id,
                tags={"version": model.version, "checksum": model.checksum},
            )

    def align(self, aliases: Mapping[str, str | None]) -> None:
        """Let each alias mean what it means in risk; a version that is not registered is left."""
        numbers = self.versions()
        with _quiet():
            current = dict(self._client.get_registered_model(self.name).aliases)
            for alias in ALIASES:
                number = numbers.get(aliases.get(alias) or "")
                if number is None and alias in current:
                    self._client.delete_registered_model_alias(self.name, alias)
                elif number is not None and str(current.get(alias)) != number:
                    self._client.set_registered_model_alias(self.name, alias, number)

    def aliases(self) -> dict[str, str]:
        """Which of our versions each alias means in MLflow."""
        with _quiet():
            by_name: dict[str, str] = dict(self._client.get_registered_model(self.name).aliases)
        version = {number: ours for ours, number in self.versions().items()}
        return {alias: version[str(number)] for alias, number in by_name.items()}

    def document(self, alias: str) -> bytes:
        """The document an alias means, checked against the checksum it was registered with.

        Raises
        ------
        NotFound
            If nobody holds the alias.
        ModelUnreadable
            If the artifact is not what was registered.
        """
        with _quiet(), TemporaryDirectory() as folder:
            try:
                version = self._client.get_model_version_by_alias(self.name, alias)
            except MlflowException as error:
                raise NotFound(f"no model of {self.name} is {alias}") from error
            path = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{version.source}/{DOCUMENT}",
                dst_path=folder,
                tracking_uri=self._url,
                registry_uri=self._url,
            )
            content = Path(path).read_bytes()
        decode(content, version.tags["checksum"])
        return content


def _whole(path: Path) -> Path:
    """MLflow's database, made whole or not at all: made by half it would never open again."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two that begin together one makes it
        if not path.exists():
            draft = path.with_name(f"{path.name}.{uuid4().hex}")
            with _quiet():
                MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments()
            draft.rename(path)
    return path


def params(model: ModelDocument) -> dict[str, str]:
    """Everything single that the document says of itself: clock, seed, penalty, hashes, window."""
    document: dict[str, Any] = msgspec.json.decode(model.document)
    single = {
        name: value for name, value in document.items() if isinstance(value, str | int | float)
    }
    return {name: str(value)[:MAX_PARAM] for name, value in single.items()} | {
        "version": model.version,
        "checksum": model.checksum,
        "features": str(len(document.get("features", []))),
    }


def artifacts(model: ModelDocument) -> dict[str, bytes]:
    """The model's files: JSON alone, and the checksum as `sha256sum -c` reads it."""
    files = {
        DOCUMENT: model.document,
        f"{DOCUMENT}.sha256": f"{model.checksum}  {DOCUMENT}\n".encode(),
        "reference.json": msgspec.json.encode(model.reference),
    }
    return files | ({"judged.json": model.judged_document} if model.judged_document else {})


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


@contextmanager
def _quiet() -> Generator[None]:
    """Its database layer warns of its own loaders at every start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
