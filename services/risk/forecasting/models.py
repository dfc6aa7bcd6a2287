"""Models that can speak: stored documents, each read once in a process."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml.scoring.document import ModelUnreadable
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.score import Forecast, score
from services.risk.domain.inputs import number, spell_age
from services.risk.store import models as models_store
from shared.platform.db import Conn
from shared.vocabulary.landmark import FeatureRow

MAX_MODELS: Final = 32
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Champion:
    """The model that serves, under its version."""

    version: str
    model: ChurnModel


class Models:
    """Models by checksum; a document that cannot be read is logged once."""

    def __init__(self) -> None:
        self._models: dict[str, ChurnModel] = {}
        self._unreadable: set[str] = set()

    async def champion(self, conn: Conn) -> Champion | None:
        """The newest champion of the tenant whose document is whole; None without any."""
        for version, checksum in await models_store.champions(conn):
            model = await self._get(conn, version, checksum)
            if model is not None:
                return Champion(version, model)
        return None

    async def by_version(self, conn: Conn, versions: set[str]) -> dict[str, ChurnModel]:
        """The models of these versions; those that cannot be read are absent."""
        models: dict[str, ChurnModel] = {}
        for version, row in (await models_store.model_versions(conn, sorted(versions))).items():
            model = await self._get(conn, version, row.checksum)
            if model is not None:
                models[version] = model
        return models

    async def _get(self, conn: Conn, version: str, checksum: str) -> ChurnModel | None:
        if checksum in self._models:
            return self._models[checksum]
        try:
            return await self.read(conn, version, checksum)
        except ModelUnreadable as error:
            if checksum not in self._unreadable:
                log.error("model %s cannot be read and does not serve: %s", version, error)
            self._unreadable.add(checksum)
            return None

    def knows(self, checksum: str) -> bool:
        """Whether a model of this checksum was read whole."""
        return checksum in self._models

    async def read(self, conn: Conn, version: str, checksum: str) -> ChurnModel:
        """Read a model as it is stored now; ModelUnreadable if it is not whole."""
        model = load(await models_store.document(conn, version), checksum)
        if len(self._models) >= MAX_MODELS:
            self._models.pop(next(iter(self._models)))
        self._models[checksum] = model
        return model


MODELS: Final = Models()


def predict(model: ChurnModel, rows: Sequence[FeatureRow]) -> list[Forecast]:
    """What the model says of each row, all in one pass."""
    return score(
        model,
        rows,
        elapsed_days=[spell_age(row) for row in rows],
        days_to_renewal=[number(row, "days_to_renewal") for row in rows],
    )
