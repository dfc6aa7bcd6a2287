"""The watch for drift: once a day it compares what serves with the training data and what came."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from ml.scoring import drift as drift_scoring
from services.risk.domain.drift import (
    HORIZONS_DAYS,
    PSI_MOVED,
    Drift,
    FeatureDrift,
    HorizonDrift,
    ModelDriftEnded,
    ModelDriftNoticed,
    alarms_of,
    horizon_drift,
)
from services.risk.domain.models import ModelVersion
from services.risk.domain.work_lists import DAY_S, WATCH
from services.risk.store import drift as drift_store
from services.risk.store import models as models_store
from services.risk.store.drift import MaturedForecast
from shared.platform import auth
from shared.platform.db import Conn
from shared.process import facts, work
from shared.process.rpc import Call, remote
from shared.process.work import Claim
from shared.process.worker import WorkerContext
from shared.vocabulary.landmark import Spell
from shared.vocabulary.model_document import Histogram

MAX_ACCOUNTS: Final = 5_000
SPELLS_TIMEOUT_S: Final = 60.0
SCORE_BINS: Final = 10


async def watch(
    context: WorkerContext, tenant_id: UUID, claims: Sequence[Claim], now: datetime
) -> None:
    """Watch a tenant's model; next time a day later."""
    async with context.db.read(tenant_id) as conn:
        champion = await models_store.champion(conn)
    losses = await _losses(context, tenant_id, now) if champion else {}
    async with context.db.write(tenant_id) as conn:
        if champion is not None:
            await record(conn, champion, losses, now)
        await work.finish(conn, WATCH, claims)
        if champion is not None:
            await work.mark(conn, WATCH, [tenant_id], delay_s=DAY_S)


async def _losses(
    context: WorkerContext, tenant_id: UUID, now: datetime
) -> dict[UUID, list[Spell]]:
    """Spells of each account that ended."""
    call = Call(remote("accounts.landmarks.spells", list[Spell]), {"recorded_before": now})
    spells: list[Spell] = await context.rpc.send(
        auth.system(tenant_id), call, timeout_s=SPELLS_TIMEOUT_S
    )
    losses: dict[UUID, list[Spell]] = {}
    for spell in spells:
        if spell.ended_on is not None:
            losses.setdefault(spell.account_id, []).append(spell)
    return losses


async def record(
    conn: Conn, champion: ModelVersion, losses: Mapping[UUID, Sequence[Spell]], now: datetime
) -> None:
    """Measure, save, and tell of alarms that began or ended since the last time."""
    version = champion.version
    before = (await drift_store.newest(conn, [version])).get(version)
    drift = await measure(conn, version, losses, now)
    await drift_store.save(conn, drift)
    alarms_before, alarms = set(before.alarms) if before else set[str](), set(drift.alarms)
    new = [alarm for alarm in drift.alarms if alarm not in alarms_before]
    news = [
        *(ModelDriftNoticed(version, now, alarm) for alarm in new),
        *(ModelDriftEnded(version, now, alarm) for alarm in sorted(alarms_before - alarms)),
    ]
    await facts.emit_all(conn, [(champion.model_id, fact) for fact in news])


async def measure(
    conn: Conn, version: str, losses: Mapping[UUID, Sequence[Spell]], now: datetime
) -> Drift:
    """What has moved: signals, scores, calibration on horizons that have passed."""
    rows = await drift_store.served_inputs(conn, MAX_ACCOUNTS)
    reference = await drift_store.reference(conn, version)
    features = [_feature(name, like, rows) for name, like in sorted(reference.items())]
    score_psi, score_drift = _scores(
        await drift_store.first_chances(conn, version),
        await drift_store.served_chances(conn, version),
    )
    calibration = [
        _horizon(days, await drift_store.matured_forecasts(conn, days, now), losses)
        for days in HORIZONS_DAYS
    ]
    return Drift(
        version=version,
        as_of=now,
        accounts=len(rows),
        features=features,
        score_psi=score_psi,
        calibration=calibration,
        alarms=alarms_of(features, score_drift, calibration),
    )


def _feature(name: str, like: Histogram, rows: Sequence[Mapping[str, Any]]) -> FeatureDrift:
    now = drift_scoring.counted([row.get(name) for row in rows], like).counts
    index = drift_scoring.psi(like.counts, now)
    by_chance = drift_scoring.psi_by_chance(like.counts, now)
    return FeatureDrift(
        feature=name,
        psi=index,
        by_chance=by_chance,
        unknown_before=like.counts[-1] / max(sum(like.counts), 1),
        unknown_now=now[-1] / max(sum(now), 1),
        moved=_is_drift(index, by_chance),
    )


def _is_drift(index: float | None, by_chance: float) -> bool:
    return index is not None and index > PSI_MOVED and index > by_chance


def _scores(first: Sequence[float], now: Sequence[float]) -> tuple[float | None, bool]:
    """The index of the chances of churn against those first served, and whether they moved."""
    if not first or not now:
        return None, False
    ranking = sorted(first)
    cuts = [ranking[len(ranking) * i // SCORE_BINS] for i in range(1, SCORE_BINS)]
    like = Histogram(sorted(set(cuts)), [], [])
    before, after = (drift_scoring.counted(values, like).counts for values in (first, now))
    index = drift_scoring.psi(before, after)
    return index, _is_drift(index, drift_scoring.psi_by_chance(before, after))


def _horizon(
    days: int, forecasts: Sequence[MaturedForecast], losses: Mapping[UUID, Sequence[Spell]]
) -> HorizonDrift:
    observed = sum(
        any(
            spell.ended_on is not None
            and spell.start_on <= forecast.served_on
            and forecast.served_on <= spell.ended_on <= forecast.served_on + timedelta(days=days)
            for spell in losses.get(forecast.account_id, ())
        )
        for forecast in forecasts
    )
    return horizon_drift(days, [forecast.chance for forecast in forecasts], observed)
