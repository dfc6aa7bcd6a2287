"""Scores made again from the stored inputs and the stored model, at the same moment."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ml.scoring.hazards import ChurnModel
from services.risk.domain.inputs import Inputs, inputs_hash
from services.risk.domain.scores import RiskScore
from services.risk.forecasting.models import MODELS, Champion
from services.risk.forecasting.scores import InputsAtMoment, score_accounts
from services.risk.store import scores as scores_store
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput

MAX_NEWEST: Final = 1_000


class Verdict(StrEnum):
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


async def account_replays(
    conn: Conn, account_ids: list[UUID], as_of: datetime | None = None
) -> dict[UUID, Replay]:
    """The scores that serve, or served at `as_of`, made again; accounts without one are absent."""
    scores = await scores_store.latest(conn, account_ids, as_of)
    return {row.account_id: row for row in await _replays(conn, list(scores.values()))}


async def score_replays(conn: Conn, score_ids: list[UUID]) -> dict[UUID, Replay]:
    """Scores made again, by their own ids."""
    scores = await scores_store.scores(conn, score_ids)
    return {row.score_id: row for row in await _replays(conn, list(scores.values()))}


async def newest_replays(conn: Conn, last: int = 100) -> list[Replay]:
    """The scores made last, of any account, made again."""
    if not 1 <= last <= MAX_NEWEST:
        raise InvalidInput("last", last, f"1 to {MAX_NEWEST}")
    return await _replays(conn, await scores_store.newest(conn, last))


async def _replays(conn: Conn, scores: Sequence[RiskScore]) -> list[Replay]:
    models = await MODELS.by_version(conn, {score.model_version for score in scores})
    inputs = await scores_store.inputs(conn, [score.score_id for score in scores])
    return [_replay(score, inputs[score.score_id], models) for score in scores]


def _replay(score: RiskScore, inputs: Inputs, models: Mapping[str, ChurnModel]) -> Replay:
    if inputs_hash(inputs) != score.inputs_hash:
        return _compare(score, None, Verdict.INPUTS_CHANGED)
    if score.model_version not in models:
        return _compare(score, None, Verdict.MODEL_UNREADABLE)
    again = replay(score, inputs, models[score.model_version])
    same = encode(again) == encode(score)
    return _compare(score, again, Verdict.SAME if same else Verdict.DIFFERENT)


def _compare(score: RiskScore, again: RiskScore | None, verdict: Verdict) -> Replay:
    differing = [
        field.name
        for field in fields(score)
        if again is not None and getattr(again, field.name) != getattr(score, field.name)
    ]
    return Replay(
        score_id=score.score_id,
        account_id=score.account_id,
        as_of=score.as_of,
        model_version=score.model_version,
        verdict=verdict,
        served_hash=_hash(score),
        again_hash=_hash(again) if again else None,
        differing=differing,
    )


def replay(score: RiskScore, inputs: Inputs, model: ChurnModel) -> RiskScore:
    """What the model says of these inputs at the score's own moment.

    Its ids, why it was made, and the MRR of that moment are taken over: no model makes them.
    """
    mrr = {score.account_id: score.mrr} if score.mrr else {}
    answers = InputsAtMoment(
        score.as_of, {score.account_id: inputs}, mrr, tuple(score.stale_inputs)
    )
    champion = Champion(score.model_version, model)
    (fresh,) = score_accounts(champion, answers, {}, score.scored_at)
    return replace(fresh.score, score_id=score.score_id, reason=score.reason)


def encode(score: RiskScore) -> bytes:
    """A score's bytes: the same score has the same."""
    return msgspec.json.encode(score, order="deterministic")


def _hash(score: RiskScore) -> str:
    return hashlib.sha256(encode(score)).hexdigest()
