"""Scores made again from what is kept: the stored inputs, the stored model, the same moment."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ml.scoring.document import ModelUnreadable
from ml.scoring.hazards import ChurnModel, load
from services.risk.domain.scores import Inputs, RiskScore
from services.risk.forecasting import scores
from services.risk.forecasting.scores import Champion, Told
from services.risk.store import models as models_store
from services.risk.store import past
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.money import Money

NEWEST_MOST: Final = 1_000
log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What making a score again showed."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"
    INPUTS_CHANGED = "INPUTS_CHANGED"
    MODEL_UNREADABLE = "MODEL_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Replay:
    """A score made again; `served_hash` and `again_hash` are SHA-256 of the encoded scores.

    `differing` names the fields that came out otherwise. There is no `again_hash` where the stored
    inputs do not match their hash or the model cannot be read.
    """

    score_id: UUID
    account_id: UUID
    as_of: datetime
    model_version: str
    verdict: Verdict
    served_hash: str
    again_hash: str | None
    differing: list[str]


class Models:
    """Stored models by checksum, read once; what cannot be read is absent."""

    MOST = 16

    def __init__(self) -> None:
        self._read: dict[str, ChurnModel] = {}

    async def of(self, conn: Conn, versions: set[str]) -> dict[str, ChurnModel]:
        """The models of these versions."""
        found: dict[str, ChurnModel] = {}
        for version, kept in (await models_store.model_versions(conn, sorted(versions))).items():
            model = self._read.get(kept.checksum) or await self._load(conn, version, kept.checksum)
            if model is not None:
                found[version] = model
        return found

    async def _load(self, conn: Conn, version: str, checksum: str) -> ChurnModel | None:
        try:
            model = load(await models_store.document(conn, version), checksum)
        except ModelUnreadable as error:
            log.warning("model %s cannot be read: %s", version, error)
            return None
        if len(self._read) >= self.MOST:
            self._read.pop(next(iter(self._read)))
        self._read[checksum] = model
        return model


MODELS: Final = Models()


async def replayed(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Replay]:
    """The scores that serve, or served at `as_of`, made again; accounts without one are absent."""
    served = await scores_store.latest(conn, account_ids, as_of)
    replays = await _made_again(conn, list(served.values()))
    return {replay.account_id: replay for replay in replays}


async def replayed_scores(conn: Conn, score_ids: list[UUID]) -> dict[UUID, Replay]:
    """Scores made again, by their own ids."""
    served = await scores_store.scores(conn, score_ids)
    return {one.score_id: one for one in await _made_again(conn, list(served.values()))}


async def replayed_newest(conn: Conn, most: int = 100) -> list[Replay]:
    """The scores made last, of any account, made again."""
    if not 1 <= most <= NEWEST_MOST:
        raise InvalidInput("last", most, f"1 to {NEWEST_MOST}")
    return await _made_again(conn, await past.newest(conn, most))


async def _made_again(conn: Conn, served: Sequence[RiskScore]) -> list[Replay]:
    models = await MODELS.of(conn, {score.model_version for score in served})
    inputs = await past.inputs(conn, [score.score_id for score in served])
    return [_replay(score, inputs[score.score_id], models) for score in served]


def _replay(served: RiskScore, inputs: Inputs, models: Mapping[str, ChurnModel]) -> Replay:
    if scores.hashed(inputs) != served.inputs_hash:
        return _found(served, None, Verdict.INPUTS_CHANGED)
    if served.model_version not in models:
        return _found(served, None, Verdict.MODEL_UNREADABLE)
    again = made_again(served, inputs, models[served.model_version])
    same = encoded(again) == encoded(served)
    return _found(served, again, Verdict.SAME if same else Verdict.DIFFERENT)


def _found(served: RiskScore, again: RiskScore | None, verdict: Verdict) -> Replay:
    differing = [
        field.name
        for field in fields(served)
        if again is not None and getattr(again, field.name) != getattr(served, field.name)
    ]
    return Replay(
        score_id=served.score_id,
        account_id=served.account_id,
        as_of=served.as_of,
        model_version=served.model_version,
        verdict=verdict,
        served_hash=_hash(served),
        again_hash=_hash(again) if again else None,
        differing=differing,
    )


def made_again(served: RiskScore, inputs: Inputs, model: ChurnModel) -> RiskScore:
    """What the model says of these inputs at the score's own moment.

    Its ids, why it was made, and the MRR told then are taken over: no model makes them.
    """
    mrr = (
        {}
        if served.mrr_cents is None or served.currency is None
        else {served.account_id: Money(served.mrr_cents, served.currency)}
    )
    told = Told(served.as_of, {served.account_id: inputs}, mrr, tuple(served.stale_inputs))
    champion = Champion(served.model_version, model)
    (fresh,) = scores.forecasts(champion, told, {}, served.scored_at)
    return replace(fresh.score, score_id=served.score_id, reason=served.reason)


def encoded(score: RiskScore) -> bytes:
    """A score's bytes: the same score has the same."""
    return msgspec.json.encode(score, order="deterministic")


def _hash(score: RiskScore) -> str:
    return hashlib.sha256(encoded(score)).hexdigest()
