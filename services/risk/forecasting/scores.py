"""From what four services answer about accounts to scores: where risk meets the model."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from ml.scoring.score import CauseForecast, Forecast
from services.risk.domain import bands as bands_domain
from services.risk.domain import scores as scores_domain
from services.risk.domain.bands import BANDS
from services.risk.domain.chance import CauseCurve, ChurnCause, ForecastBasis, Probability
from services.risk.domain.inputs import Inputs, feature_row, inputs_hash, number, storable
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Driver, Fresh, RiskScore, Standing
from services.risk.forecasting.models import Champion, predict
from services.risk.store import scores as scores_store
from shared.platform import auth
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.errors import ServiceUnavailable
from shared.vocabulary.landmark import FeatureRow, Landmark
from shared.vocabulary.money import Money

SOURCES: Final = ("accounts", "usage", "billing", "learning")
ASK_TIMEOUT_S: Final = 20.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InputsAtMoment:
    """What the services answered about some accounts at `as_of`; `silent` did not answer."""

    as_of: datetime
    inputs: dict[UUID, Inputs]
    mrr: dict[UUID, Money]
    silent: tuple[str, ...]


async def ask(
    rpc: Rpc, tenant_id: UUID, account_ids: Sequence[UUID], as_of: datetime
) -> InputsAtMoment:
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
    by_service = dict(zip(SOURCES, answers, strict=True))
    rows = {service: answer[0] for service, answer in by_service.items() if answer is not None}
    billing = by_service["billing"]
    return InputsAtMoment(
        as_of=as_of,
        inputs={
            account_id: {service: rows[service][place] for service in rows}
            for place, account_id in enumerate(account_ids)
        },
        mrr=billing[1] if billing else {},
        silent=tuple(service for service in SOURCES if service not in rows),
    )


async def answering(rpc: Rpc, services: Sequence[str]) -> list[str]:
    """Which of these services answer a question about no account."""
    at_once = [
        _answer(
            rpc,
            auth.system(),
            [Call(remote(f"{service}.landmarks.features", list[FeatureRow]), {"landmarks": []})],
        )
        for service in services
    ]
    answers = await asyncio.gather(*at_once)
    return [name for name, answer in zip(services, answers, strict=True) if answer is not None]


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


def score_accounts(
    champion: Champion,
    answers: InputsAtMoment,
    standing: Mapping[UUID, Standing],
    scored_at: datetime,
) -> list[Fresh]:
    """A score for each account with an open contract: only then is there something to renew."""
    cases = [
        _Case(account_id, storable(inputs), answers, champion.version, standing.get(account_id))
        for account_id, inputs in answers.inputs.items()
        if inputs["accounts"].get("contract_term_months") is not None
    ]
    forecasts = predict(champion.model, [feature_row(case.inputs) for case in cases])
    return [
        Fresh(_score(case, forecast, scored_at), case.inputs)
        for case, forecast in zip(cases, forecasts, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Case:
    """One account about to get its score."""

    account_id: UUID
    inputs: Inputs
    answers: InputsAtMoment
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
    curve = [point for point in forecast.curve if point.days <= scores_store.MAX_HORIZON_DAYS]
    days = [point.days for point in curve]
    survival = [point.survival.value for point in curve]
    churn_90 = 1 - scores_domain.survival_at(days, survival, min(bands_domain.BAND_DAYS, days[-1]))
    mrr = case.answers.mrr.get(case.account_id)
    renewal = forecast.renewal
    return RiskScore(
        score_id=uuid4(),
        account_id=case.account_id,
        as_of=case.answers.as_of,
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
        inputs_hash=inputs_hash(case.inputs),
        stale_inputs=list(case.answers.silent),
        unlike_training=list(forecast.unlike_training),
        causes=[_cause(part, len(curve)) for part in forecast.causes],
        basis=ForecastBasis(forecast.basis),
    )


def _cause(part: CauseForecast, days: int) -> CauseCurve:
    """The chance of one cause, as far as the curve goes that is stored."""
    chance = part.renewal
    return CauseCurve(
        cause=ChurnCause(part.cause),
        value=part.value[:days],
        low=part.low[:days],
        high=part.high[:days],
        renewal=Probability(chance.value, chance.low, chance.high) if chance else None,
    )


def _drivers(inputs: Inputs, forecast: Forecast) -> list[Driver]:
    services = {name: service for service, row in inputs.items() for name in row}
    return [
        Driver(
            feature=driver.feature,
            label=driver.label,
            value=driver.value,
            contribution=driver.contribution + 0.0,  # the database knows no −0
            source=services.get(driver.feature, driver.source),
        )
        for driver in forecast.drivers
    ]


def _renewal_on(case: _Case) -> date | None:
    days = number(case.inputs["accounts"], "days_to_renewal")
    return None if days is None else (case.answers.as_of + timedelta(days=days)).date()
