"""What moved a score: data, time and model add up to the change, whichever came first."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations, permutations
from math import exp
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.scoring.hazards import ChurnModel, load
from ml.scoring.score import score
from services.risk.domain.inputs import Inputs
from services.risk.domain.scores import Fresh
from services.risk.forecasting import change
from services.risk.forecasting import scores as scores_forecasting
from services.risk.forecasting.change import ChangeKind, RiskChange
from services.risk.forecasting.models import Champion
from services.risk.forecasting.scores import InputsAtMoment
from shared.vocabulary.landmark import FeatureRow
from shared.vocabulary.model_document import ModelDocument
from tests.services.risk.examples import NOON, a_model

ACCOUNT = uuid4()
FIRST, SECOND, EARLY = a_model(), a_model(use=0.4), a_model(newcomers=True)
FADES = a_model(fading=True)
READY = {m.version: load(m.document, m.checksum) for m in (FIRST, SECOND, EARLY, FADES)}


@dataclass(frozen=True)
class Moment:
    """What was told on a day, and the model of that day."""

    day: int
    row: FeatureRow
    model: ModelDocument = FIRST

    @property
    def inputs(self) -> Inputs:
        return {"accounts": self.row | {"contract_term_months": 12.0}}

    @property
    def ready(self) -> ChurnModel:
        return READY[self.model.version]

    def scored(self) -> Fresh:
        at = NOON + timedelta(days=self.day)
        champion = Champion(self.model.version, self.ready)
        (fresh,) = scores_forecasting.score_accounts(
            champion, InputsAtMoment(at, {ACCOUNT: self.inputs}, {}, ()), {}, at
        )
        return fresh


def explain(start: Moment, end: Moment) -> RiskChange:
    before, after = start.scored(), end.scored()
    inputs = {scored.score.score_id: scored.inputs for scored in (before, after)}
    explained = change.compare(before.score, after.score, inputs, READY)
    assert explained.unexplained is None
    assert explained.change is not None
    assert sum(part.contribution for part in explained.parts) == pytest.approx(
        explained.change, abs=1e-9
    )
    assert sum(explained.by_kind.values()) == pytest.approx(explained.change, abs=1e-9)
    return explained


def row(
    *, events: Any, renewal: float, failed: Any = 0.0, auto: Any = True, per_seat: Any = 0.5
) -> FeatureRow:
    return {
        "members_per_seat": per_seat,
        "events_28d": events,
        "payment_failures_90d": failed,
        "auto_renew": auto,
        "days_to_renewal": renewal,
        "account_age_days": 400.0 - renewal,
    }


def test_without_other_data_or_model_only_time_moves_the_score():
    explained = explain(
        Moment(0, row(events=9.0, renewal=90.0)), Moment(80, row(events=9.0, renewal=10.0))
    )
    assert explained.by_kind[ChangeKind.TIME] == explained.change != 0
    assert [(part.feature, part.label) for part in explained.parts] == [(None, "renewal clock")]
    assert explained.comparable


def fading(renewal: float, left: float, nearness: float | None = None) -> FeatureRow:
    """Use as ever; an admin left so many days ago, the renewal is so many ahead."""
    near = exp(-renewal / 274) if nearness is None else nearness
    signals: FeatureRow = {"admin_left_lately": exp(-left / 182), "renewal_nearness": near}
    return row(events=40.0, renewal=renewal) | signals


def test_what_fades_by_itself_is_time_and_nothing_new():
    explained = explain(Moment(0, fading(90.0, 5.0), FADES), Moment(80, fading(10.0, 85.0), FADES))
    assert explained.by_kind[ChangeKind.TIME] == pytest.approx(explained.change, abs=1e-12)
    assert {"admin_left_lately", "renewal_nearness"} < {part.feature for part in explained.parts}


def test_with_monthly_terms_the_renewal_is_always_as_near():
    explained = explain(
        Moment(0, fading(20.0, 5.0, 0.5), FADES), Moment(10, fading(10.0, 1.0, 0.5), FADES)
    )
    assert "renewal_nearness" not in {part.feature for part in explained.parts}
    assert {p.kind for p in explained.parts if p.feature == "admin_left_lately"} == {
        ChangeKind.DATA,
        ChangeKind.TIME,
    }


def test_drivers_give_all_that_use_counts_for_at_this_distance_to_use():
    (near,) = score(
        READY[FADES.version], [fading(10.0, 900.0)], elapsed_days=[400.0], days_to_renewal=[10.0]
    )
    parts = {driver.feature: driver.contribution for driver in near.drivers}
    assert near.reference + sum(parts.values()) == pytest.approx(near.driven, abs=1e-9)
    own = abs(parts["renewal_nearness"])
    assert abs(parts["events_28d"]) > own > 0


def test_at_the_same_moment_only_data_moves_it_and_only_by_what_changed():
    explained = explain(
        Moment(0, row(events=90.0, renewal=60.0)),
        Moment(0, row(events=3.0, renewal=60.0, failed=2.0)),
    )
    assert {part.feature for part in explained.parts} == {"events_28d", "payment_failures_90d"}
    assert explained.by_kind[ChangeKind.DATA] == pytest.approx(explained.change, abs=1e-12)
    assert (explained.by_kind[ChangeKind.TIME], explained.by_kind[ChangeKind.MODEL]) == (0, 0)
    assert all(part.contribution < 0 for part in explained.parts)


def test_with_the_same_data_on_the_same_day_only_the_model_moves_it():
    same = row(events=90.0, renewal=60.0)
    explained = explain(Moment(0, same), Moment(0, same, SECOND))
    (part,) = explained.parts
    assert (part.kind, part.before, part.after) == (
        ChangeKind.MODEL,
        FIRST.version,
        SECOND.version,
    )


def test_a_contract_renewed_in_between_is_data_and_the_days_until_then_are_time():
    explained = explain(
        Moment(0, row(events=9.0, renewal=10.0)), Moment(30, row(events=9.0, renewal=345.0))
    )
    clock = {part.kind: part for part in explained.parts if part.label == "renewal clock"}
    assert set(clock) == {ChangeKind.DATA, ChangeKind.TIME}
    assert not explained.comparable


def test_leaving_the_first_ninety_days_is_time_and_no_signal_has_a_part_in_it():
    early = row(events=9.0, renewal=340.0, per_seat=0.3)
    late = row(events=9.0, renewal=300.0, per_seat=0.3)
    explained = explain(Moment(0, early, EARLY), Moment(40, late, EARLY))
    assert explained.by_kind[ChangeKind.TIME] == explained.change != 0
    (part,) = explained.parts
    assert (part.feature, part.label) == (None, "first 90 days")
    assert (part.before, part.after) == (60.0, 100.0)


def test_of_a_newcomer_what_newcomers_are_judged_by_has_the_part():
    early = row(events=9.0, renewal=340.0, per_seat=0.3)
    explained = explain(
        Moment(0, early, EARLY), Moment(0, early | {"members_per_seat": 0.9}, EARLY)
    )
    (part,) = explained.parts
    assert (part.feature, part.label, part.kind) == (
        "members_per_seat", "Members per seat", ChangeKind.DATA,
    )  # fmt: skip


number = st.one_of(st.none(), st.floats(0, 600))
rows = st.builds(
    row,
    events=number,
    failed=number,
    auto=st.sampled_from([True, False, None, "maybe"]),
    renewal=st.integers(-20, 500).map(float),
)
models = st.sampled_from([FIRST, SECOND, EARLY])


@settings(max_examples=100, deadline=None)
@given(start=rows, end=rows, days=st.integers(0, 400), first=models, second=models)
def test_the_three_kinds_are_the_mean_over_every_order_in_which_they_can_change(
    start: FeatureRow, end: FeatureRow, days: int, first: ModelDocument, second: ModelDocument
):
    before, after = Moment(0, start, first), Moment(days, end, second)
    parts = explain(before, after)
    explained = {
        frozenset(some): value(before, after, some)
        for size in range(4)
        for some in combinations(ChangeKind, size)
    }
    expected = dict.fromkeys(ChangeKind, 0.0)
    for order in permutations(ChangeKind):
        for place, kind in enumerate(order):
            earlier = frozenset(order[:place])
            expected[kind] += (explained[earlier | {kind}] - explained[earlier]) / 6
    for kind in ChangeKind:
        assert parts.by_kind[kind] == pytest.approx(expected[kind], abs=1e-9)


def value(before: Moment, after: Moment, changed: Collection[ChangeKind]) -> float:
    """The explained probability with some of the three as later, scored on its own."""
    signals = (after if ChangeKind.DATA in changed else before).row
    model = (after if ChangeKind.MODEL in changed else before).ready
    shift = (ChangeKind.TIME in changed) - (ChangeKind.DATA in changed)
    days = float(after.day - before.day)
    shown = number_of(before, "days_to_renewal") - number_of(after, "days_to_renewal")
    passed = shown if abs(shown - days) <= 1 else days
    aged = number_of(after, "account_age_days") - number_of(before, "account_age_days")
    older = aged if abs(aged - days) <= 1 else days
    at = {
        "days_to_renewal": float(str(signals["days_to_renewal"])) - shift * passed,
        "account_age_days": float(str(signals["account_age_days"])) + shift * older,
    }
    (forecast,) = score(
        model,
        [signals | at | {"contract_term_months": 12.0}],
        elapsed_days=[at["account_age_days"]],
        days_to_renewal=[at["days_to_renewal"]],
    )
    return forecast.driven


def number_of(moment: Moment, name: str) -> float:
    return float(str(moment.row[name]))


def test_inputs_that_were_touched_are_not_explained_away():
    before, after = (
        Moment(0, row(events=9.0, renewal=90.0)).scored(),
        Moment(80, row(events=9.0, renewal=10.0)).scored(),
    )
    inputs = {scored.score.score_id: scored.inputs for scored in (before, after)}
    touched: Inputs = {"accounts": {"events_28d": 1.0}}
    other = inputs | {after.score.score_id: touched}
    explained = change.compare(before.score, after.score, other, READY)
    assert (explained.parts, explained.by_kind) == ([], {})
    assert "do not match their hash" in (explained.unexplained or "")
    unreadable = replace(after.score, model_version="gone")
    explained = change.compare(before.score, unreadable, inputs, READY)
    assert explained.unexplained == "model gone can no longer be read"
    assert change.compare(None, after.score, inputs, READY).change is None
