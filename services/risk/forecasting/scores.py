"""From what four services tell about accounts to scores: where risk meets the model."""

import asyncio
import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from ml.scoring.document import ModelUnreadable
from ml.scoring.hazards import ChurnModel, load
from ml.scoring.score import CauseForecast, Forecast, score
from services.risk.domain import bands as bands_domain
from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BANDS
from services.risk.domain.chance import CauseCurve, ChurnCause, ForecastBasis, Probability
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Driver, Fresh, Inputs, RiskScore, Standing
from services.risk.store import models as models_store
from services.risk.store import scores as scores_store
from shared.platform import auth
from shared.platform.db import Conn
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import ServiceUnavailable
from shared.vocabulary.landmark import FeatureRow, Landmark
from shared.vocabulary.money import Money

SOURCES: Final = ("accounts", "usage", "billing", "learning")
ASK_TIMEOUT_S: Final = 20.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Champion:
    """The model that serves, under its version."""

    version: str
    model: ChurnModel


class Champions:
    """Models by checksum, read once; a broken document leaves the one before it serving."""

    MOST = 32

    def __init__(self) -> None:
        self._whole: dict[str, ChurnModel] = {}
        self._broken: set[str] = set()

    async def serving(self, conn: Conn) -> Champion | None:
        """The newest champion of the tenant whose document is whole; None without any."""
        for version, checksum in await models_store.champions(conn):
            model = self._whole.get(checksum) or await self._load(conn, version, checksum)
            if model is not None:
                return Champion(version, model)
        return None

    async def _load(self, conn: Conn, version: str, checksum: str) -> ChurnModel | None:
        try:
            return await self.read(conn, version, checksum)
        except ModelUnreadable as error:
            if checksum not in self._broken:
                log.error("model %s cannot serve, the one before it does: %s", version, error)
            self._broken.add(checksum)
            return None

    def knows(self, checksum: str) -> bool:
        """Whether a model of this checksum was read whole."""
        return checksum in self._whole

    async def read(self, conn: Conn, version: str, checksum: str) -> ChurnModel:
        """Read a model as it is kept now; ModelUnreadable if it is not whole."""
        model = load(await models_store.document(conn, version), checksum)
        if len(self._whole) >= self.MOST:
            self._whole.clear()
        self._whole[checksum] = model
        return model


@dataclass(frozen=True, slots=True)
class Told:
    """What the services told about some accounts at `as_of`; `silent` did not answer."""

    as_of: datetime
    inputs: dict[UUID, Inputs]
    mrr: dict[UUID, Money]
    silent: tuple[str, ...]


async def ask(rpc: Rpc, tenant_id: UUID, account_ids: Sequence[UUID], as_of: datetime) -> Told:
    """Ask every service about every account, once each and all at the same time."""
    landmarks = [Landmark(account_id, as_of) for account_id in account_ids]
    features = [
        Call(remote(f"{service}.landmarks.features", list[FeatureRow]), {"landmarks": landmarks})
        for service in SOURCES
    ]
    mrr = Call(
        remote("billing.summary.mrr", dict[UUID, Money]),
        {"account_ids": list(account_ids), "as_of": as_of},
    )
    requests = [[call, mrr] if call.function.service == "billing" else [call] for call in features]
    principal = auth.system(tenant_id)
    answers = await asyncio.gather(*(_answer(rpc, principal, calls) for calls in requests))
    told = dict(zip(SOURCES, answers, strict=True))
    rows = {service: answer[0] for service, answer in told.items() if answer is not None}
    billing = told["billing"]
    return Told(
        as_of=as_of,
        inputs={
            account_id: {service: rows[service][place] for service in rows}
            for place, account_id in enumerate(account_ids)
        },
        mrr=billing[1] if billing else {},
        silent=tuple(service for service in SOURCES if service not in rows),
    )


async def _answer(rpc: Rpc, principal: auth.Principal, calls: Sequence[Call]) -> list[Any] | None:
    """The values, or None where the service is away; any other refusal is a bug and raised."""
    try:
        values = await rpc.batch(principal, calls, timeout_s=ASK_TIMEOUT_S)
    except ServiceUnavailable as error:
        log.warning("%s", error)
        return None
    for value in values:
        if isinstance(value, ServiceUnavailable):
            return None
        if isinstance(value, Exception):
            raise value
    return values


def under_contract(inputs: Inputs) -> bool:
    """Whether the account has an open contract: only then is there something to renew."""
    return inputs["accounts"].get("contract_term_months") is not None


def forecasts(
    champion: Champion, told: Told, standing: Mapping[UUID, Standing], scored_at: datetime
) -> list[Fresh]:
    """A score for each account under contract, all in one pass through the model."""
    inputs = {key: plain(parts) for key, parts in told.inputs.items() if under_contract(parts)}
    rows = [merged(parts) for parts in inputs.values()]
    found = score(
        champion.model,
        rows,
        elapsed_days=[elapsed(row) for row in rows],
        days_to_renewal=[number(row, "days_to_renewal") for row in rows],
    )
    return [
        Fresh(
            _score(
                _Case(account_id, parts, told, champion.version, standing.get(account_id)),
                forecast,
                scored_at,
            ),
            parts,
        )
        for (account_id, parts), forecast in zip(inputs.items(), found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Case:
    """One account about to get its score."""

    account_id: UUID
    inputs: Inputs
    told: Told
    version: str
    standing: Standing | None

    @property
    def reason(self) -> UpdateReason:
        """A first score comes from data; another model outweighs why the score was asked for."""
        before = self.standing
        if before is None or before.model_version is None:
            return UpdateReason.NEW_DATA
        return UpdateReason.NEW_MODEL if before.model_version != self.version else before.reason


def _score(case: _Case, forecast: Forecast, scored_at: datetime) -> RiskScore:
    curve = [point for point in forecast.curve if point.days <= scores_store.HORIZON_MOST_DAYS]
    days = [point.days for point in curve]
    survival = [point.survival.value for point in curve]
    churn_90 = 1 - scores_domain.survival_at(days, survival, min(bands_domain.BAND_DAYS, days[-1]))
    mrr = case.told.mrr.get(case.account_id)
    renewal = forecast.renewal
    return RiskScore(
        score_id=uuid4(),
        account_id=case.account_id,
        as_of=case.told.as_of,
        scored_at=scored_at,
        model_version=case.version,
        reason=case.reason,
        renewal_on=_renewal_on(case),
        renewal_probability=renewal.value if renewal else None,
        renewal_low=renewal.low if renewal else None,
        renewal_high=renewal.high if renewal else None,
        curve_days=days,
        curve_survival=survival,
        curve_low=[point.survival.low for point in curve],
        curve_high=[point.survival.high for point in curve],
        churn_90=churn_90,
        band=BANDS.of(churn_90),
        mrr_cents=mrr.cents if mrr else None,
        currency=mrr.currency if mrr else None,
        drivers=_drivers(case.inputs, forecast),
        driven_probability=forecast.driven,
        driven_days=forecast.driver_days,
        reference_probability=forecast.reference,
        inputs_hash=hashed(case.inputs),
        stale_inputs=list(case.told.silent),
        unlike_training=list(forecast.unlike_training),
        causes=[_cause(part, len(curve)) for part in forecast.causes],
        basis=ForecastBasis(forecast.basis),
    )


def _cause(part: CauseForecast, days: int) -> CauseCurve:
    """What is said of one cause, as far as the curve is kept."""
    chance = part.renewal
    return CauseCurve(
        cause=ChurnCause(part.cause),
        value=part.value[:days],
        low=part.low[:days],
        high=part.high[:days],
        renewal=Probability(chance.value, chance.low, chance.high) if chance else None,
    )


def plain(inputs: Inputs) -> Inputs:
    """As the database gives them back, so that a score can be made again from what is kept.

    It knows no negative zero, and JSON neither infinity nor anything that is not a number.
    """
    return {
        service: {name: _plain(value) for name, value in row.items()}
        for service, row in inputs.items()
    }


def _plain(value: float | str | bool | None) -> float | str | bool | None:
    if not isinstance(value, float):
        return value
    return value + 0.0 if math.isfinite(value) else None


def hashed(inputs: Inputs) -> str:
    """SHA-256 of the inputs, the same however they were stored."""
    return hashlib.sha256(msgspec.json.encode(inputs, order="deterministic")).hexdigest()


def _drivers(inputs: Inputs, forecast: Forecast) -> list[Driver]:
    teller = {name: service for service, row in inputs.items() for name in row}
    return [
        Driver(
            feature=driver.feature,
            label=driver.label,
            value=driver.value,
            contribution=driver.contribution + 0.0,  # never −0, as above
            source=teller.get(driver.feature, driver.source),
        )
        for driver in forecast.drivers
    ]


def merged(inputs: Inputs) -> FeatureRow:
    """What all services told, in one row."""
    return {name: value for row in inputs.values() for name, value in row.items()}


def elapsed(row: FeatureRow) -> float | None:
    """Days since the present spell began; inputs from before spells were told know only the age."""
    days = number(row, "spell_age_days")
    return number(row, "account_age_days") if days is None else days


def _renewal_on(case: _Case) -> date | None:
    days = number(case.inputs["accounts"], "days_to_renewal")
    return None if days is None else (case.told.as_of + timedelta(days=days)).date()


def number(row: FeatureRow, name: str) -> float | None:
    """A number of the row; None where there is none."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
