"""What the graph shows of a score, asked through the risk service alone."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from services.risk.actions import models as models_actions
from services.risk.actions import scores as scores_actions
from services.risk.app import SERVICE
from services.risk.domain.bands import BANDS
from services.risk.domain.queue import UpdateReason
from services.risk.domain.scores import Fresh
from services.risk.schema.account_fields import AccountFields
from services.risk.schema.nodes import NODES
from services.risk.schema.scores import Risk
from services.risk.store import queue as queue_store
from shared.graphql.context import Context
from shared.graphql.fields import Request
from shared.graphql.scalars import SCALARS, global_id
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process.rpc import Dispatcher, Rpc
from tests.services.risk.examples import a_model, a_score


@strawberry.type
class Account(AccountFields):
    pass


@strawberry.type
class Query:
    @strawberry.field
    def account(self, key: UUID) -> Account:
        return Account.at(key)

    @strawberry.field
    async def node(self, info: Request, key: UUID) -> Risk | None:
        return await NODES["Risk"](info, key)  # type: ignore[return-value] - by its name


GRAPH = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))


@pytest.fixture
async def context(
    settings: Settings, risk: Database, principal: Principal
) -> AsyncIterator[Context]:
    exposed = Dispatcher(risk, reads=SERVICE.reads, commands=SERVICE.commands)
    async with Rpc(settings, local={"risk": exposed}) as rpc:
        yield Context(principal, rpc)


@pytest.fixture
async def scored(risk: Database, principal: Principal) -> Fresh:
    model = a_model()
    fresh = a_score(model, hazard=0.1)
    async with risk.write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        await queue_store.ask(conn, [fresh.score.account_id], UpdateReason.NEW_DATA)
        await scores_actions.save(conn, [fresh])
    return fresh


async def ask(context: Context, fields: str, account: UUID) -> Any:
    answer = await GRAPH.execute(
        f'{{ account(key: "{account}") {{ {fields} }} }}', context_value=context
    )
    assert answer.errors is None, answer.errors
    assert answer.data
    return answer.data["account"]


async def test_a_score_shows_chances_drivers_curve_and_its_model(context: Context, scored: Fresh):
    account_fields = await ask(
        context,
        """risk {
            id band evidence horizonDays inputsHash staleInputs renewalOn
            renewalProbability { value low high level }
            churnProbability(withinDays: 90) { value }
            beyond: churnProbability(withinDays: 700) { value }
            survivalCurve(points: 3) { days survival { value } }
            valueAtRisk { cents currency }
            explainedProbability referenceProbability
            drivers(top: 1) { feature value contribution direction source group }
            driverGroups { label contribution features }
            replay { verdict }
            whatIf(changes: [{feature: "events_28d", value: "50"}]) {
                caution change changed { feature before after warning }
            }
            model {
                version aliases metrics { name value }
                hazardRatios { feature cause value low high certain from to }
                effectCurves(features: ["events_28d"]) { reference points { value ratio } }
            }
        }""",
        scored.score.account_id,
    )
    risk = account_fields["risk"]
    assert risk["id"] == global_id("Risk", scored.score.score_id)
    assert risk["evidence"] == "STRONG"
    assert risk["band"] == BANDS.of(scored.score.churn_90)
    assert risk["renewalProbability"]["low"] < risk["renewalProbability"]["value"]
    assert risk["churnProbability"]["value"] == pytest.approx(scored.score.churn_90)
    assert risk["beyond"] is None
    assert [point["days"] for point in risk["survivalCurve"]] == [0, 180, 360]
    assert risk["survivalCurve"][0]["survival"]["value"] == 1
    assert risk["valueAtRisk"] == {"cents": 25_918, "currency": "EUR"}
    (driver,) = risk["drivers"]
    assert (driver["value"], driver["direction"], driver["source"]) == ("3", "LOWERS", "USAGE")
    assert risk["explainedProbability"] == pytest.approx(
        risk["referenceProbability"] + driver["contribution"]
    )
    assert risk["driverGroups"] == [
        {
            "label": driver["group"],
            "contribution": driver["contribution"],
            "features": ["events_28d"],
        }
    ]
    assert risk["replay"] == {"verdict": "INPUTS_CHANGED"}, "made up, not scored"
    assert "association" in risk["whatIf"]["caution"]
    assert risk["whatIf"]["change"] > 0
    assert risk["whatIf"]["changed"] == [
        {"feature": "events_28d", "before": "3", "after": "50", "warning": None}
    ]
    assert risk["model"]["aliases"] == ["champion"]
    voluntary = [ratio for ratio in risk["model"]["hazardRatios"] if ratio["cause"] == "voluntary"]
    ratios = {ratio["feature"]: ratio for ratio in voluntary}
    assert ratios["events_28d"]["high"] < 1 < ratios["payment_failures_90d"]["low"]
    curves = risk["model"]["effectCurves"]
    assert [len(curve["points"]) > 10 for curve in curves] == [True, True], "one a cause"


async def test_causes_add_up_with_renewal_and_to_churn(context: Context, scored: Fresh):
    account_fields = await ask(
        context,
        """risk {
            basis renewalProbability { value }
            churnProbability(withinDays: 90) { value }
            causes { cause probability { value } }
            soon: causes(withinDays: 90) { cause probability { value low high } }
        }""",
        scored.score.account_id,
    )
    risk = account_fields["risk"]
    assert risk["basis"] == "MODEL"
    parts = [*risk["causes"], *risk["soon"]]
    assert [part["cause"] for part in parts] == ["VOLUNTARY", "INVOLUNTARY"] * 2
    by_renewal, within = (
        sum(part["probability"]["value"] for part in some) for some in (parts[:2], parts[2:])
    )
    assert by_renewal + risk["renewalProbability"]["value"] == pytest.approx(1, abs=1e-12)
    assert within == pytest.approx(risk["churnProbability"]["value"], abs=1e-12)


async def test_an_account_never_scored_has_no_risk_an_empty_history_and_no_change(
    context: Context, scored: Fresh
):
    account_fields = await ask(
        context,
        """risk { id } riskHistory { nodes { id } pageInfo { hasNextPage } }
        riskChange(from: "2026-01-01T00:00:00Z", to: "2026-12-01T00:00:00Z") {
            change parts { kind }
        }""",
        scored.score.score_id,  # no account has this id
    )
    assert account_fields == {
        "risk": None,
        "riskHistory": {"nodes": [], "pageInfo": {"hasNextPage": False}},
        "riskChange": {"change": None, "parts": []},
    }


async def test_arguments_out_of_bounds_are_refused_by_name(context: Context, scored: Fresh):
    for field in (
        "churnProbability(withinDays: 0) { value }",
        "survivalCurve(points: 1) { days }",
        "drivers(top: 101) { label }",
    ):
        answer = await GRAPH.execute(
            f'{{ account(key: "{scored.score.account_id}") {{ risk {{ {field} }} }} }}',
            context_value=context,
        )
        assert answer.errors
        assert "is not allowed; allowed:" in answer.errors[0].message


async def test_a_score_is_found_again_by_its_own_id(context: Context, scored: Fresh):
    answer = await GRAPH.execute(
        f'{{ node(key: "{scored.score.score_id}") {{ asOf scoredAt }} }}', context_value=context
    )
    assert answer.data
    assert answer.data["node"]["scoredAt"] == scored.score.scored_at.isoformat()


@pytest.mark.parametrize(
    "name",
    ["Driver", "DriverGroup", "EffectCurve", "HazardRatio", "RiskChangePart", "RiskChange", "Risk"],
)
def test_drivers_are_called_associations(name: str):
    kind = GRAPH.schema_converter.type_map[name].definition
    assert "association" in (kind.description or "")
