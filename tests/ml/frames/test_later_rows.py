"""Rows recorded after a moment change nothing that the model is told of it, in any service."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from infra.trial.server import SIGNAL_SERVICES, bound
from ml.frames import landmarks
from ml.frames.tenant import SOURCES
from ml.simulation.rows import Batch, Event, Payment, Ticket
from ml.simulation.tenant import Tenant, simulate
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process.rpc import Call, Rpc, remote
from shared.vocabulary.landmark import FeatureRow, Landmark, Spell
from tests.conftest import DatabaseOf
from tests.infra.loading.examples import send

UNTIL = date(2026, 7, 1)
AS_OF = landmarks.moment(UNTIL - timedelta(days=50))
MOMENTS = [AS_OF, AS_OF - timedelta(days=40, hours=7, minutes=3)]


@pytest.fixture
async def rpc(settings: Settings) -> AsyncIterator[Rpc]:
    async with bound(settings) as opened:
        yield opened


@pytest.fixture
async def dbs(database: DatabaseOf) -> dict[str, Database]:
    return {service.name: await database(service.name) for service in SIGNAL_SERVICES}


@pytest.fixture(scope="module")
def vendor() -> Tenant:
    return simulate(companies_count=25, months=12, seed=8, until=UNTIL)


def recorded(vendor: Tenant, *, before: bool) -> Iterator[Batch]:
    """The tenant's rows, only those recorded before the moment or only the others."""
    for batch in vendor.batches():
        rows: list[Any] = list(batch.rows)
        chosen = [row for row in rows if (getattr(row, "recorded_at", AS_OF) < AS_OF) == before]
        if batch.kind == "courses":
            chosen = rows if before else []
        yield Batch(batch.kind, len(chosen), chosen)


async def told_model(rpc: Rpc, principal: Principal, vendor: Tenant) -> list[Any]:
    """Everything that the model is told of the moments: signals of four services, and spells."""
    marks = [Landmark(key, moment) for moment in MOMENTS for key in vendor.companies.ids]
    answers: list[Any] = []
    for service in SOURCES:
        call = Call(remote(f"{service}.landmarks.features", list[FeatureRow]), {"landmarks": marks})
        answers.append(await rpc.send(principal, call))
    spells = Call(remote("accounts.landmarks.spells", list[Spell]), {"recorded_before": AS_OF})
    return [*answers, await rpc.send(principal, spells)]


async def test_the_rest_of_history_in_any_order_changes_nothing(
    rpc: Rpc, dbs: dict[str, Database], principal: Principal, vendor: Tenant
):
    await send(dbs, principal, recorded(vendor, before=True))
    then = await told_model(rpc, principal, vendor)
    accounts, *rest = recorded(vendor, before=False)
    assert sum(batch.total for batch in rest) > 200
    await send(dbs, principal, [accounts, *rest[::-1]])

    assert await told_model(rpc, principal, vendor) == then
    assert any(row.get("events_28d") for row in then[1])


KINDS: dict[type, str] = {Event: "events", Ticket: "tickets", Payment: "payments"}
moments = st.integers(1, 80).map(lambda hours: AS_OF - timedelta(hours=7 * hours))
later = st.integers(0, 1_000).map(lambda hours: AS_OF + timedelta(hours=hours))


@st.composite
def rows(draw: st.DrawFn, accounts: list[UUID]) -> tuple[str, Any]:
    """Something that happened before the moment and was recorded at it or later."""
    account, at, recorded_at = draw(st.sampled_from(accounts)), draw(moments), draw(later)
    key = draw(st.uuids())
    row: msgspec.Struct = draw(
        st.sampled_from(
            [
                Event(
                    recorded_at=recorded_at, id=key, account_id=account, member_id=key,
                    feature="reports", occurred_at=at, quantity=3,
                ),
                Ticket(
                    recorded_at=recorded_at, id=key, account_id=account, opened_at=at,
                    severity="urgent", ticket_class="bug", channel="email",
                ),
                Payment(
                    recorded_at=recorded_at, id=key, invoice_id=key, account_id=account,
                    attempted_at=at, succeeded=False,
                ),
            ]
        )
    )  # fmt: skip
    return KINDS[type(row)], row


async def test_what_is_recorded_late_is_not_known_earlier(
    rpc: Rpc, dbs: dict[str, Database], principal: Principal, vendor: Tenant
):
    await send(dbs, principal, recorded(vendor, before=True))
    then = await told_model(rpc, principal, vendor)
    by_id: dict[UUID, tuple[str, Any]] = {}

    @examples(max_examples=60)
    @given(rows(vendor.companies.ids[:15]))  # those who signed first
    def draw(example: tuple[str, Any]) -> None:
        by_id[example[1].id] = example

    draw()
    kinds = {kind: [row for k, row in by_id.values() if k == kind] for kind in KINDS.values()}
    assert all(kinds.values())
    await send(dbs, principal, [Batch(kind, len(of), of) for kind, of in kinds.items()])

    assert await told_model(rpc, principal, vendor) == then
    after = await rpc.send(
        principal,
        Call(
            remote("usage.landmarks.features", list[FeatureRow]),
            {"landmarks": [Landmark(k, _end()) for k in vendor.companies.ids]},
        ),
    )
    assert after != then[1][: len(after)]  # once recorded it counts


def _end() -> datetime:
    return AS_OF + timedelta(days=45)
