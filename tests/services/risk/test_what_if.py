"""What the model would say with other inputs: labelled, warned of, and refused by name."""

import pytest

from ml.scoring.score import load, score
from services.risk.domain.inputs import Inputs
from services.risk.forecasting.what_if import CAUTION, FeatureChange, WhatIf, vary, what_if
from shared.vocabulary.errors import InvalidInput
from tests.services.risk.conftest import World
from tests.services.risk.examples import a_model

MODEL = load(a_model().document, a_model().checksum)
INPUTS: Inputs = {
    "accounts": {"contract_term_months": 12.0, "days_to_renewal": 60.0, "auto_renew": True},
    "usage": {"events_28d": 4.0},
    "billing": {"payment_failures_90d": 0.0},
}


def imagine(**values: str | None) -> WhatIf:
    return vary(MODEL, INPUTS, [FeatureChange(name, value) for name, value in values.items()])


def test_more_use_would_go_with_more_renewal_and_both_have_intervals():
    answer = imagine(events_28d="80")
    assert answer.after.value > answer.before.value
    for chance in (answer.before, answer.after):
        assert chance.low < chance.value < chance.high
    assert answer.days == 60
    (difference,) = answer.changed
    assert (difference.feature, difference.before, difference.after, difference.outside) == (
        "events_28d",
        4.0,
        80.0,
        None,
    )


def test_nothing_changed_changes_nothing():
    answer = imagine(events_28d="4")
    assert answer.after == answer.before
    assert answer.changed == []


def test_values_that_training_never_saw_are_warned_of():
    assert "training saw 0 to 500" in (imagine(events_28d="9000").changed[0].outside or "")
    assert "never saw it unknown" in (imagine(payment_failures_90d=None).changed[0].outside or "")
    assert "training saw false, true" in (imagine(auto_renew="perhaps").changed[0].outside or "")
    assert imagine(auto_renew="false").changed[0].outside is None


def test_unknown_inputs_are_refused_with_those_that_are_allowed():
    with pytest.raises(InvalidInput, match="auto_renew, events_28d, payment_failures_90d"):
        imagine(magic="1")
    for value in ("many", "nan", "1e999"):
        with pytest.raises(InvalidInput, match="a number, for events_28d"):
            imagine(events_28d=value)


def test_of_a_newcomer_the_part_for_newcomers_speaks_and_names_what_it_reads():
    document = a_model(newcomers=True)
    model = load(document.document, document.checksum)
    signals = INPUTS["accounts"] | {"members_per_seat": 0.2, "account_age_days": 900.0}
    new: Inputs = INPUTS | {"accounts": signals | {"spell_age_days": 30.0}}
    answer = vary(model, new, [FeatureChange("members_per_seat", "0.9")])
    assert answer.after.value > answer.before.value
    (served,) = score(
        model,
        [{name: value for row in new.values() for name, value in row.items()}],
        elapsed_days=[30.0],
        days_to_renewal=[60.0],
    )
    assert served.basis == "newcomers"
    assert served.renewal is not None
    assert answer.before.value == served.renewal.value
    with pytest.raises(InvalidInput, match="auto_renew, members_per_seat"):
        vary(model, new, [FeatureChange("events_28d", "50")])
    older: Inputs = INPUTS | {"accounts": signals | {"spell_age_days": 90.0}}
    assert vary(model, older, [FeatureChange("events_28d", "50")]).before != answer.before


async def test_it_asks_the_model_that_made_the_score(world: World):
    from_the_first = a_model(use=-2.0)
    account = await world.account()
    await world.publish(from_the_first)
    await world.rescore()
    served = await world.score(account)
    await world.publish(a_model(use=1.0))
    assert served
    async with world.risk.read(world.tenant) as conn:
        answers = await what_if(conn, [served.score_id], [FeatureChange("events_28d", "90")])
    assert answers[served.score_id].before.value == served.renewal_probability
    assert answers[served.score_id].after.value > answers[served.score_id].before.value
    assert "association" in CAUTION
