"""A model's report through the gateway: whole, to its own tenant's readers, able to do nothing."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from starlette.types import Message

from graph.app import Gateway, build
from services.risk.actions import models as models_actions
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.vocabulary.evidence import Bin, Evidence, Horizon, Origin, Segment
from shared.vocabulary.model_document import ModelReport
from tests.conftest import DatabaseOf
from tests.graph.processes import Suite, of
from tests.services.risk.examples import a_model

PAGE = "<!doctype html><title>Forecast</title><p>Größe</p>".encode()
EVIDENCE = Evidence(
    origin="accounts held out",
    rows=400,
    accounts=90,
    lost=30,
    month=3,
    figures={"auc_3m": 0.8},
    calibration=[
        Horizon(1, 4, 0.02, 0.01, None, [Bin(0.02, 0.01, 400)]),
        Horizon(3, 30, 0.10, 0.08, 0.015, [Bin(0.05, 0.05, 200), Bin(0.15, 0.11, 200)]),
    ],
    segments=[Segment("r02", 150, [0, 0.01, 0.1, 0.2], [0, 0.01, 0.2, 0.4], [0, 1, 9, 20])],
    rolling=[Origin(date(2026, 1, 1), 12, 300, 25, {"auc_12m": 0.75, "oe": 1.1})],
)
REPORT = ModelReport(PAGE, "# Forecast", ["It is small."], EVIDENCE)


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    return await of(settings, database)


async def key_of(suite: Suite, principal: Principal, scope: str = "read") -> str:
    query = f'mutation {{ apiKeyCreate(input: {{name: "k", scopes: ["{scope}"]}}) {{ secret }} }}'
    data, _ = await suite.ask(principal, query)
    return data["apiKeyCreate"]["secret"]


@dataclass
class Answer:
    """What the gateway answered to one GET."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        self.body += message.get("body", b"")


async def fetched(suite: Suite, settings: Settings, path: str, key: str | None) -> Answer:
    app = build(settings)
    app.state.gateway = Gateway(suite.cursors, suite.rpc, suite.access)
    headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": headers, "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, answer.send)
    return answer


async def test_a_report_is_served_as_it_was_made_to_who_may_read(
    suite: Suite, settings: Settings, principal: Principal, other_tenant: Any
) -> None:
    model = replace(a_model(), report=REPORT)
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, model, principal)
        again = replace(model, report=ModelReport(b"other", "other", []))
        await models_actions.publish(conn, again, principal)  # the first report stays

    data, _ = await suite.ask(principal, "{ championModel { reportUrl card knownLimits } }")
    path = f"/v1/models/{model.version}/report"
    assert data["championModel"] == {
        "reportUrl": path,
        "card": "# Forecast",
        "knownLimits": ["It is small."],
    }

    answer = await fetched(suite, settings, path, await key_of(suite, principal))
    assert (answer.status, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"

    rival = replace(principal, tenant_id=other_tenant)
    assert (await fetched(suite, settings, path, await key_of(suite, rival))).status == 404
    assert (await fetched(suite, settings, path, None)).status == 401
    ingest = await key_of(suite, principal, "ingest")
    assert (await fetched(suite, settings, path, ingest)).status in (401, 403)
    unknown = await fetched(
        suite, settings, "/v1/models/nobody/report", await key_of(suite, principal)
    )
    assert unknown.status == 404


CALIBRATION = """{ championModel {
  calibration { forecast seen rows }
  early: calibration(horizonDays: 30) { rows }
  far: calibration(horizonDays: 365) { rows }
  calibrationReport {
    horizonDays lost forecast seen ratio ici segments { name rows lost forecast seen ratio }
  }
  backtest { origin months accounts lost metrics { name value } }
} }"""


async def test_calibration_by_horizon_and_segment_and_past_days_are_told(
    suite: Suite, principal: Principal
) -> None:
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, replace(a_model(), report=REPORT), principal)
    data, _ = await suite.ask(principal, CALIBRATION)
    model = data["championModel"]
    assert model["calibration"] == [
        {"forecast": 0.05, "seen": 0.05, "rows": 200},
        {"forecast": 0.15, "seen": 0.11, "rows": 200},
    ]
    assert (model["early"], model["far"]) == ([{"rows": 400}], [])
    early, later = model["calibrationReport"]
    assert (early["horizonDays"], early["ratio"], early["ici"]) == (30, None, None)
    assert early["segments"][0]["ratio"] is None  # one loss says little
    assert (later["horizonDays"], later["ratio"], later["ici"]) == (90, pytest.approx(0.8), 0.015)
    assert later["segments"] == [
        {"name": "r02", "rows": 150, "lost": 20, "forecast": 0.4, "seen": 0.2, "ratio": 0.5}
    ]
    assert model["backtest"] == [
        {
            "origin": "2026-01-01",
            "months": 12,
            "accounts": 300,
            "lost": 25,
            "metrics": [{"name": "auc_12m", "value": 0.75}, {"name": "oe", "value": 1.1}],
        }
    ]
    query = "{ championModel { calibration(horizonDays: 7) { rows } } }"
    refused = await suite.run(principal, query)
    assert refused.errors is not None
    assert "horizonDays" in str(refused.errors[0])
    assert "30, 60, 90, 180, 365" in str(refused.errors[0])


async def test_a_model_without_a_report_says_so(suite: Suite, principal: Principal) -> None:
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, a_model(), principal)
    query = (
        "{ championModel { reportUrl card knownLimits calibration { rows } backtest { lost } } }"
    )
    data, _ = await suite.ask(principal, query)
    assert set(data["championModel"].values()) == {None}


EFFECTS = """{ championModel {
  hazardRatios { feature part cause value }
  early: hazardRatios(part: NEWCOMERS) { feature part }
  effectCurves(features: ["members_per_seat", "auto_renew"]) { feature part cause }
  main: effectCurves(part: MODEL) { feature part }
} }"""


async def test_effects_are_told_of_the_model_and_of_its_part_for_newcomers(
    suite: Suite, principal: Principal
) -> None:
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await models_actions.publish(conn, a_model(newcomers=True), principal)
    model = (await suite.ask(principal, EFFECTS))[0]["championModel"]
    effects = [(effect["part"], effect["feature"]) for effect in model["hazardRatios"]]
    assert {feature for part, feature in effects if part == "NEWCOMERS"} == {
        "members_per_seat",
        "auto_renew",
    }
    assert "members_per_seat" not in {feature for part, feature in effects if part == "MODEL"}
    assert [part for part, _ in effects] == sorted(part for part, _ in effects), "the model's first"
    assert [(effect["part"], effect["feature"]) for effect in model["early"]] == [
        effect for effect in effects if effect[0] == "NEWCOMERS"
    ]
    curves = {(effect["part"], effect["feature"]) for effect in model["effectCurves"]}
    assert curves == {
        ("MODEL", "auto_renew"),
        ("NEWCOMERS", "auto_renew"),
        ("NEWCOMERS", "members_per_seat"),
    }
    assert {effect["part"] for effect in model["main"]} == {"MODEL"}
