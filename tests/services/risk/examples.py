"""A small forecast model made by hand, and scores that never came from one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
from msgspec import structs

from ml.scoring.document import (
    CauseModel,
    Feature,
    ForecastModel,
    Packed,
    Stratum,
    Term,
    encode,
    schema_hash,
)
from services.risk.domain.bands import BANDS
from services.risk.domain.chance import CauseCurve, ChurnCause, ForecastBasis, Probability
from services.risk.domain.others import ContractFact
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Driver, Fresh, RiskScore, survival_at
from shared.vocabulary.model_document import ModelDocument

MONTHS = 12
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


FEATURES = (
    Feature("events_28d", "Events", "usage", "number", high=500.0, fill=2.0, logarithmic=True),
    Feature("auto_renew", "Renews", "accounts", "level", levels=("true",), reference="false"),
    Feature("payment_failures_90d", "Failed payments", "billing", "number", high=10.0),
)
TERMS = (
    Term("linear", "events_28d", mean=2.0, scale=1.0),
    Term("level", "auto_renew", level="true", mean=0.5, scale=0.5),
    Term("linear", "payment_failures_90d", mean=0.2, scale=1.0),
)


EARLY_FEATURES = (
    Feature("members_per_seat", "Members per seat", "accounts", "number", high=2.0, fill=0.5),
    FEATURES[1],
)
EARLY_TERMS = (
    Term("linear", "members_per_seat", mean=0.5, scale=1.0),
    Term("level", "auto_renew", level="true", mean=0.5, scale=0.5),
)


FADING_FEATURES = tuple(
    Feature(name, name, "accounts", "number", high=1.0)
    for name in ("admin_left_lately", "renewal_nearness")
)
FADING_TERMS = (
    Term("linear", "admin_left_lately", mean=0.1, scale=0.2),
    Term("linear", "renewal_nearness", mean=0.6, scale=0.2),
    Term("product", "renewal_nearness", left=4, right=0),
)


def a_model(*, use: float = -0.8, newcomers: bool = False, fading: bool = False) -> ModelDocument:
    """A model of three signals, in which use keeps customers; `use` is its coefficient.

    With `fading` use counts for more as the renewal draws near, and a lost admin counts, too. With
    `newcomers` it has a part for first 90 days, which reads a signal that nothing else reads.
    """
    voluntary = _cause("voluntary", (use, -0.3, 0.6), 1.0)
    involuntary = _cause("involuntary", (0.0, 0.0, 0.9), 0.2)
    whole = _forecast(FEATURES, TERMS, voluntary, involuntary)
    if fading:
        whole = _forecast(
            (*FEATURES, *FADING_FEATURES),
            (*TERMS, *FADING_TERMS),
            _cause("voluntary", (use, -0.3, 0.6, 0.4, 0.1, -0.5), 1.0),
        )
    if newcomers:
        early = _cause("voluntary", (-1.5, -0.2), 1.4), _cause("involuntary", (0.0, 0.1), 0.2)
        part = _forecast(EARLY_FEATURES, EARLY_TERMS, *early)
        whole = structs.replace(whole, newcomers=part)
    document, checksum = encode(whole)
    version = f"m-{checksum[:8]}"
    first, last = date(2024, 1, 1), date(2026, 1, 1)
    figures = {"concordance": 0.8}
    return ModelDocument(version, document, checksum, NOON, first, last, 300, 60, figures)


def _forecast(
    features: tuple[Feature, ...], terms: tuple[Term, ...], *causes: CauseModel
) -> ForecastModel:
    return ForecastModel(
        clock="landmark",
        horizon_months=MONTHS,
        tail_months=0,
        baseline="kalbfleisch-prentice",
        features=features,
        terms=terms,
        schema_hash=schema_hash(features, terms),
        causes=causes,
        data_from="2024-01-01",
        data_to="2026-01-01",
        data_hash="",
        rows=1_000,
        accounts=300,
        events=60,
        seed=0,
        metrics={},
        notes=(),
        libraries={},
    )


def _cause(name: str, coefficients: tuple[float, ...], share: float) -> CauseModel:
    return CauseModel(
        cause=name,
        effects="own",
        events=50,
        coefficients=coefficients,
        variance=Packed.of(np.diag([0.01, *[0.02] * 5][: len(coefficients)])),
        strata=_strata(share),
        penalty=0.003,
    )


def _strata(share: float) -> dict[str, Stratum]:
    """Little happens between renewals, much at them."""
    months = range(1, MONTHS + 1)
    hazards = {f"r{m:02d}": [0.004 + 0.3 * (m == month) for month in months] for m in months}
    hazards |= {"monthly": [0.05] * MONTHS, "none": [0.004] * MONTHS}
    return {
        name: Stratum(_summed([share * s for s in steps]), MONTHS, 100, 10)
        for name, steps in hazards.items()
    }


def _summed(steps: list[float]) -> tuple[float, ...]:
    return tuple(sum(steps[:months]) for months in range(len(steps) + 1))


def a_score(
    model: ModelDocument,
    account_id: UUID | None = None,
    *,
    hazard: float = 0.05,
    scored_at: datetime = NOON,
    mrr_cents: int | None = 100_000,
) -> Fresh:
    """A score with a constant monthly hazard."""
    days = [30.0 * month for month in range(13)]
    survival = [2.718281828 ** (-hazard * month) for month in range(13)]
    churn_90 = 1 - survival_at(days, survival, 90)
    score = RiskScore(
        score_id=uuid4(),
        account_id=account_id or uuid4(),
        as_of=scored_at - timedelta(seconds=1),
        scored_at=scored_at,
        model_version=model.version,
        reason=UpdateReason.NEW_DATA,
        renewal_on=date(2026, 9, 1),
        renewal_probability=survival[3],
        renewal_low=survival[3] ** 1.2,
        renewal_high=survival[3] ** 0.8,
        curve_days=days,
        curve_survival=survival,
        curve_low=[value**1.2 for value in survival],
        curve_high=[value**0.8 for value in survival],
        churn_90=churn_90,
        band=BANDS.of(churn_90),
        mrr_cents=mrr_cents,
        currency="EUR" if mrr_cents is not None else None,
        drivers=[Driver("events_28d", "Events in 28 days", 3.0, survival[3] - 0.9, "usage")],
        driven_probability=survival[3],
        driven_days=90.0,
        reference_probability=0.9,
        inputs_hash=str(hazard),
        stale_inputs=[],
        unlike_training=[],
        causes=[
            _curve(ChurnCause.VOLUNTARY, survival, 0.9),
            _curve(ChurnCause.INVOLUNTARY, survival, 0.1),
        ],
        basis=ForecastBasis.MODEL,
    )
    return Fresh(score, {"usage": {"events_28d": 3.0}})


def _curve(cause: ChurnCause, survival: list[float], share: float) -> CauseCurve:
    """A cause that makes up the same share of all losses at all times."""
    value = [share * (1 - stays) for stays in survival]
    low, high = [0.8 * chance for chance in value], [1.1 * chance for chance in value]
    return CauseCurve(cause, value, low, high, Probability(value[3], low[3], high[3]))


def an_end(
    account_id: UUID, ended_on: date, *, renewed: bool = False, contract: int = 1
) -> ContractFact:
    """That a contract ended on a day, known now."""
    outcome = "renewed" if renewed else "lost"
    now = datetime.now(UTC)
    return ContractFact(account_id, UUID(int=contract), now, ended_on=ended_on, outcome=outcome)


def later(fresh: Fresh, account_id: UUID) -> Fresh:
    """The same for another account."""
    return Fresh(replace(fresh.score, account_id=account_id, score_id=uuid4()), fresh.inputs)
