"""Training through the real services: which clock, what is published, what is refused."""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import pytest

from infra.loading import telco
from ml.fitting.design import learn
from ml.frames import landmarks
from ml.frames.frame import TooFewLosses, TrainingRefused
from ml.frames.halves import pairs
from ml.frames.tenant import Services
from ml.judging import gate
from ml.scoring.features import level_of
from ml.scoring.hazards import load
from ml.simulation.rows import Batch, Contract
from ml.simulation.tenant import simulate
from ml.training.train import Training
from services.accounts.app import SERVICE as ACCOUNTS
from services.billing.app import SERVICE as BILLING
from services.learning.app import SERVICE as LEARNING
from services.risk.actions import models as models_actions
from services.risk.app import SERVICE as RISK
from services.risk.store import models as models_store
from services.risk.store.release import training_runs
from services.usage.app import SERVICE as USAGE
from shared.intake.rows import receive
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Conn, Database
from shared.process import facts
from shared.process.listeners import hear
from shared.process.rpc import Dispatcher, Rpc
from tests.conftest import DatabaseOf
from tests.services.risk.examples import a_model

SERVICES = (ACCOUNTS, USAGE, BILLING, LEARNING, RISK)
NOW = datetime.now(UTC)
NOTICE = timedelta(days=40)


@dataclass
class Tenant:
    """A tenant's five services in one process, and what training told of its steps."""

    dbs: dict[str, Database]
    rpc: Rpc
    principal: Principal
    owner: Conn
    steps: list[tuple[str, int, int]]

    async def take(self, batches: Iterable[Batch]) -> None:
        """Load rows as the bulk routes do."""
        kinds = {
            kind.name: (service.name, kind)
            for service in SERVICES
            for kind in service.bulk_routes.get("ingest", ())
        }
        for batch in batches:
            service, kind = kinds[batch.kind]
            rows = iter(batch.rows)
            while chunk := list(islice(rows, 4_000)):
                async with self.dbs[service].write(self.principal.tenant_id) as conn:
                    body = msgspec.json.encode(chunk)
                    receipts = await receive(conn, self.principal, kind, body)
                assert {receipt.status for receipt in receipts} <= {"accepted", "duplicate"}
            if batch.kind == "accounts":
                await self._introduce()
        await self.owner.execute("ANALYZE")

    async def _introduce(self) -> None:
        """Tell usage of the accounts, as its consumer does."""
        await facts.relay_all(self.dbs["accounts"])
        log = await facts.Log(self.dbs["accounts"], "accounts").page(0, 10_000, 0, None)
        async with self.dbs["usage"].write(self.principal.tenant_id) as conn:
            await hear(conn, USAGE.listeners["accounts"], log)

    def training(self) -> Training:
        step = lambda name, done, total: self.steps.append((name, done, total))  # noqa: E731
        return Training(self.rpc, self.principal, NOW, step)

    async def champions(self) -> list[str]:
        """Versions published, oldest first."""
        rows = await self.owner.fetch("SELECT version FROM risk.model ORDER BY published_at")
        return [row["version"] for row in rows]


@pytest.fixture
async def world(
    settings: Settings, database: DatabaseOf, principal: Principal, owner: Conn
) -> AsyncIterator[Tenant]:
    dbs = {service.name: await database(service.name) for service in SERVICES}
    local = {
        service.name: Dispatcher(dbs[service.name], reads=service.reads, commands=service.commands)
        for service in SERVICES
    }
    async with Rpc(settings, local=local) as rpc:
        yield Tenant(dbs, rpc, principal, owner, [])


async def test_where_use_is_recorded_landmarks_are_trained_on_and_the_model_published(world):
    until = NOW.date() - timedelta(days=1)
    await world.take(simulate(companies_count=180, months=20, seed=4, until=until).batches())
    published = await world.training().run()

    model = load(published.document, published.checksum).document
    assert (model.clock, model.horizon_months) == ("landmark", 12)
    assert await world.champions() == [published.version]
    assert {"events_28d", "mrr_cents", "account_age_days"} <= {f.name for f in model.features}
    assert {f.source for f in model.features} >= {"accounts", "usage", "billing"}
    assert published.events >= 20
    assert published.data_from < published.data_to == NOW.date()
    assert 0.6 < published.metrics["c_index"] < 1
    assert published.report is not None
    assert "signals lay otherwise" in published.report.page.decode() or (
        "none lay otherwise" in published.report.page.decode()
    )
    assert world.steps[0][:2] == ("signals", 0)
    assert world.steps[-1] == ("publish", 1, 1)


async def test_a_table_without_use_runs_from_the_start_and_trains_the_same_twice(world):
    customers = telco.read(Path("data/telco.csv"))[:210]
    await world.take(telco.batches(customers, NOW.date()))
    first, second = [await world.training().run() for _ in range(2)]

    assert first.document == second.document
    assert first.report is not None
    assert first.report == second.report, "made at the same moment from the same"
    assert f"{first.metrics['c_index']:.4f}" in first.report.page.decode()
    assert first.version in first.report.card
    assert await world.champions() == [first.version]
    model = load(first.document, first.checksum).document
    assert model.clock == "start"
    assert model.accounts == sum(customer.tenure_months > 0 for customer in customers)
    assert "days_to_renewal" not in {f.name for f in model.features}
    assert first.metrics["c_index"] > 0.8


def with_losses(count: int, stayed: int = 150) -> list[telco.Customer]:
    """Customers of whom so many were lost."""
    customers = [c for c in telco.read(Path("data/telco.csv")) if c.tenure_months > 0]
    lost = [customer for customer in customers if customer.churned]
    return [*lost[:count], *(c for c in customers if not c.churned)][: count + stayed]


async def test_with_too_few_losses_for_a_model_curves_serve_and_say_so_until_there_are_enough(
    world: Tenant,
):
    await world.take(telco.batches(with_losses(9), NOW.date()))
    released = await world.training().release()
    model = load(released.model.document, released.model.checksum).document
    assert (model.basis, model.events, model.features) == ("strata", 9, ())
    assert await world.champions() == [released.model.version]
    assert "only 9 of 159 accounts have churned" in model.notes[0]
    judgement = released.judgement
    assert {rule.name.split("_")[0] for rule in judgement.rules} == {"lost", "oe", "ici"}
    assert judgement.passed
    assert "curves" in judgement.notes[0]
    report = released.model.report
    assert report is not None
    for words in (report.page.decode(), report.card, report.limits[0]):
        assert "nly 9 of 159 accounts have churned" in words

    again = await world.training().release()
    assert again.model.document == released.model.document
    await world.take(telco.batches(with_losses(58, 400), NOW.date()))
    later = await world.training().release()
    assert load(later.model.document, later.model.checksum).document.basis == "model"
    assert (await world.champions())[-1] == later.model.version
    assert later.judgement.champion == released.model.version
    compared = [rule for rule in later.judgement.rules if rule.name.endswith("_champion")]
    assert compared
    assert all(rule.champion is not None for rule in compared)


async def test_curves_never_take_the_place_of_a_model(world: Tenant):
    await world.take(telco.batches(with_losses(9), NOW.date()))
    model = a_model()
    async with world.dbs["risk"].write(world.principal.tenant_id) as conn:
        await models_actions.publish(conn, model, world.principal)
    with pytest.raises(TooFewLosses, match="only 9 of 159"):
        await world.training().run()
    assert await world.champions() == [model.version]


async def test_fewer_than_five_losses_make_no_curves_either(world: Tenant):
    await world.take(telco.batches(with_losses(4), NOW.date()))
    with pytest.raises(TooFewLosses, match="only 4 of 154 accounts have churned"):
        await world.training().run()
    assert await world.champions() == []


async def test_where_nobody_can_judge_a_first_model_curves_serve_unless_it_is_forced(
    world: Tenant,
):
    """Enough were lost to fit to, too few of them among the held-out accounts."""
    customers = with_losses(60, 100)
    out = gate.held_out(
        np.array(
            [telco.id_of("account", c.id).int & (2**63 - 1) for c in customers], dtype=np.int64
        )
    )
    spared = [
        c for c, is_out in zip(customers, out.tolist(), strict=True) if not (is_out and c.churned)
    ]
    await world.take(telco.batches(spared, NOW.date()))
    released = await world.training().release()
    assert load(released.model.document, released.model.checksum).document.basis == "strata"
    forced = await world.training().release(force="tried by hand")
    assert load(forced.model.document, forced.model.checksum).document.basis == "model"
    assert forced.outcome == "FORCED"


def alike() -> list[telco.Customer]:
    """Customers of whom nothing differs but how long they stayed."""
    alike = {"traits": {}, "term_months": 1, "payment_method": "card", "monthly_cents": 7_000}
    return [replace(customer, **alike) for customer in with_losses(60)]


REFUSED = {
    "empty": (list, "no account was ever under contract"),
    "all censored": (lambda: with_losses(0), "no account of 150 has churned yet"),
    "one class": (lambda: with_losses(90, 0), "every one of 90 accounts churned"),
    "too few events": (lambda: with_losses(12), "only 12 of 162 accounts have churned"),
    "columns that say nothing": (alike, "no signal differs between accounts: .* for everybody"),
}


@pytest.mark.parametrize(("customers", "reason"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refusal_says_why_is_on_record_and_leaves_the_live_model(
    world: Tenant, customers: Callable[[], list[telco.Customer]], reason: str
):
    live = a_model()
    async with world.dbs["risk"].write(world.principal.tenant_id) as conn:
        await models_actions.publish(conn, live, world.principal)
    if rows := customers():
        await world.take(telco.batches(rows, NOW.date()))
    with pytest.raises(TrainingRefused, match=reason):
        await world.training().run()
    assert await world.champions() == [live.version]
    async with world.dbs["risk"].read(world.principal.tenant_id) as conn:
        champion = await models_store.champion(conn)
        (run,) = (await training_runs(conn)).items
    assert champion is not None
    assert (champion.version, champion.checksum) == (live.version, live.checksum)
    assert run.outcome == "REFUSED"
    assert re.search(reason, run.reason or "")


async def test_the_whole_beside_the_halves_is_what_the_services_tell_of_these_accounts(world):
    until = NOW.date() - timedelta(days=1)
    await world.take(simulate(companies_count=60, months=16, seed=4, until=until).batches())
    frame = await world.training().frame()
    assert frame.halves is not None

    services = Services(world.rpc, world.principal, lambda *_: None)
    labels = landmarks.labels(await services.spells(NOW), "landmark", NOW.date())
    marks = [
        label.landmark for label in labels if label.landmark.as_of.toordinal() >= frame.day.min()
    ]
    now, _ = pairs(marks)
    columns = (await services.collected(now)).columns()
    assert 0 < len(now) < len(frame)
    for name, values in frame.halves.whole.items():
        assert list(map(level_of, values.tolist())) == list(map(level_of, columns[name].tolist()))
    assert ("signals of halves", 4 * len(now), 4 * len(now)) in world.steps


def noticed(batches: Iterable[Batch]) -> Batch:
    """The notice of every loss of a longer term, written down forty days before the end."""
    (contracts,) = [batch for batch in batches if batch.kind == "contracts"]
    notices = [
        msgspec.structs.replace(
            row, recorded_at=datetime.combine(row.ended_on or row.end_on, time(), UTC) - NOTICE
        )
        for row in contracts.rows
        if isinstance(row, Contract) and row.outcome == "lost" and row.term_months >= 12
    ]
    return Batch("contracts", len(notices), notices)


async def test_a_notice_given_is_told_and_stays_out_of_the_model_unless_asked_for(world):
    def tenant() -> Iterable[Batch]:
        until = NOW.date() - timedelta(days=1)
        return simulate(companies_count=120, months=18, seed=4, until=until).batches()

    await world.take(tenant())
    await world.take([noticed(tenant())])
    training = world.training()
    honest = await training.frame()
    late = await replace(training, with_post_decision=True).frame()

    assert set(late.columns) - set(honest.columns) == {"notice_given", "auto_renew_off"}
    has_notice = late.columns["notice_given"] == True  # noqa: E712 - an array of objects
    assert has_notice.any()
    assert late.event[has_notice].all()
    assert late.duration[has_notice].max() <= 2
    assert "notice_given" in {feature.name for feature in learn(late).features}
    assert "notice_given" not in {feature.name for feature in learn(honest).features}
    assert any(note.startswith("notice_given: left out, it may") for note in learn(honest).notes)
