"""A tenant with a history: some of everything until a moment, and changes of all of it after."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from msgspec import json

from ml.scoring.hazards import load
from services.risk.actions import hindsight
from services.risk.actions import models as models_actions
from services.risk.domain.drift import Drift, FeatureDrift, HorizonDrift
from services.risk.forecasting import scores
from services.risk.forecasting.models import Champion
from services.risk.store import drift as drift_store
from services.risk.store import scores as scores_store
from services.usage import jobs as usage_jobs
from services.usage.actions import ingest as ingest_actions
from services.usage.domain.work_lists import MEASURE
from shared.platform.auth import Principal
from shared.process.worker import WorkerContext
from shared.vocabulary.evidence import Bin, Evidence, Horizon, Origin, Segment
from shared.vocabulary.model_document import ModelDocument, ModelReport
from tests.graph import history_rows
from tests.graph.history_rows import HEAVY, Row, ago
from tests.graph.processes import SERVICES, USAGE, Suite, kinds_of, take
from tests.services.risk.examples import a_model

EVIDENCE = Evidence(
    origin="accounts held out",
    rows=400,
    accounts=90,
    lost=30,
    month=3,
    figures={"auc_3m": 0.8},
    calibration=[Horizon(3, 30, 0.1, 0.08, 0.015, [Bin(0.05, 0.05, 200)])],
    segments=[Segment("r02", 150, [0, 0.01, 0.1, 0.2], [0, 0.01, 0.2, 0.4], [0, 1, 9, 20])],
    rolling=[Origin(date(2026, 1, 1), 12, 300, 25, {"auc_12m": 0.75, "oe": 1.1})],
)
REPORT = ModelReport(b"page", "# Forecast", ["It is small."], EVIDENCE)
FIRST, SECOND = a_model(newcomers=True), replace(a_model(use=-0.7, newcomers=True), report=REPORT)
THIRD = a_model(use=-0.2)
MODEL = load(FIRST.document, FIRST.checksum)


@dataclass
class History:
    """What was sent of each kind; what comes later changes all of it."""

    suite: Suite
    principal: Principal
    accounts: list[UUID] = field(default_factory=list[UUID])
    people: dict[str, UUID] = field(default_factory=dict[str, UUID])
    batches: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    async def before(self) -> None:
        """Everything that is known at the moment."""
        self.accounts = await self._send("accounts", history_rows.accounts())
        keys = await self._send("members", history_rows.members(self.accounts))
        names = [row["externalId"] for row in self.batches["members"]]
        self.people = dict(zip(names, keys, strict=True))
        await self._send("contracts", history_rows.first_contracts(self.accounts))
        for kind, of in history_rows.BY_ACCOUNT.items():
            await self._send(kind, of(self.accounts))
        for kind, of_tenant in history_rows.OF_THE_TENANT.items():
            await self._send(
                kind, ({"recordedAt": ago(history_rows.LONG_AGO), **r} for r in of_tenant)
            )
        await self._send("progress", history_rows.progress(self.accounts, self.people))
        await self._decide(rejects=False, after_days=900)
        await self._settle()
        await self._publish(FIRST, alarms=["CALIBRATION:90"])
        await self._score(days=(211, 181, 151, 50))
        await self._publish(SECOND, alarms=["CALIBRATION:90"])
        await self._expect(0.9, "they love it")

    async def after(self) -> None:
        """More of everything, and a correction of all that can be corrected."""
        for kind, change in history_rows.CHANGED.items():
            rows = [{**row, **change(n, row)} for n, row in enumerate(self.batches[kind])]
            for row in rows:
                row.pop("recordedAt", None)
            await self._send(kind, rows)
        also = {"id": str(self.accounts[0]), "externalId": {"source": "erp", "id": "also"}}
        new = {"externalId": {"source": "crm", "id": "new"}}
        await self._send("accounts", ({"name": "New", **row} for row in (also, new)))
        await self._speak({"batch": history_rows.PEOPLE})
        await self._decide(rejects=True, after_days=30)
        await self._settle()
        for chance in (0.1, 0.2, 0.3):
            await self._expect(chance, "they left")
        await self._publish(THIRD, alarms=[])
        await self._publish(replace(FIRST, report=REPORT), alarms=[])
        await self._publish(SECOND, alarms=[])
        await self._publish(THIRD, alarms=[])

    async def _send(self, kind: str, rows: Iterable[Row]) -> Any:
        """Rows to the service that takes them; the ids of what is known by ours."""
        batch = list(rows)
        self.batches[kind] = batch
        (service,) = (s for s in SERVICES if kind in {kind_of.name for kind_of in kinds_of(s)})
        return await take(self.suite, self.principal, service, kind, batch)

    async def _speak(self, body: Row) -> None:
        """Messages of an analytics library."""
        (route,) = (
            candidate for candidate in USAGE.foreign_routes["ingest"] if candidate.name == "batch"
        )
        async with self.suite.databases["usage"].write(self.principal.tenant_id) as conn:
            read = route.read(json.encode(body))
            await route.take(conn, self.principal, datetime.now(UTC), read)

    async def _settle(self) -> None:
        """Facts travel, jobs run, and where accounts stand is measured."""
        await self.suite.settle(self.principal.tenant_id)
        suite = self.suite
        context = WorkerContext(suite.settings, suite.databases["usage"], suite.rpc)
        await usage_jobs.WORKER.drain(context, MEASURE)

    async def _decide(self, *, rejects: bool, after_days: int) -> None:
        async with self.suite.databases["usage"].write(self.principal.tenant_id) as conn:
            await ingest_actions.set_late_policy(conn, rejects, after_days, self.principal)

    async def _publish(self, model: ModelDocument, alarms: list[str]) -> None:
        """A model that scores everybody from now on, and what the watch sees of it."""
        drift = Drift(
            model.version,
            datetime.now(UTC),
            20 + len(alarms),
            [FeatureDrift("events_28d", 0.1 + len(alarms), 0.02, 0.0, 0.1, moved=bool(alarms))],
            0.1,
            [HorizonDrift(90, 30 + len(alarms), 3, 4.0, 0.75, 0.2, 2.0, off=False)],
            alarms,
        )
        async with self.suite.databases["risk"].write(self.principal.tenant_id) as conn:
            await models_actions.publish(conn, model, self.principal)
            await drift_store.save(conn, drift)
        await self._settle()

    async def _score(self, days: Iterable[int]) -> None:
        """Scores of the first model, as it would have made them so many days ago."""
        tenant, champion = self.principal.tenant_id, Champion(FIRST.version, MODEL)
        for at in map(ago, days):
            inputs = await scores.ask(self.suite.rpc, tenant, self.accounts[:HEAVY], at)
            async with self.suite.databases["risk"].write(tenant) as conn:
                await scores_store.add(conn, scores.score_accounts(champion, inputs, {}, at))

    async def _expect(self, chance: float, note: str) -> None:
        async with self.suite.databases["risk"].write(self.principal.tenant_id) as conn:
            for account in self.accounts[:HEAVY]:
                await hindsight.expect(conn, account, chance, note, self.principal)
