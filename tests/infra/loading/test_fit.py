"""What is sent is what the services take: every row of ours meets their types and rules."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
import pytest

from infra.loading import telco
from ml.simulation.tenant import simulate
from services.accounts.rows import AccountRow, ContractRow, MemberRow, TicketRow, check
from services.billing import rows as billing_rows
from services.billing.rows import (
    InvoiceRow,
    PaymentMethodRow,
    PaymentRow,
    SubscriptionRow,
)
from services.usage.domain.events import EventRow, event
from shared.intake.rows import Row, parse
from shared.platform.auth import Principal
from tests.architecture.tree import ROOT

UNTIL = date(2024, 7, 1)
LOADER = Principal(UUID(int=1), "test", ("ingest", "admin"))


KINDS: dict[str, tuple[type[Row], Callable[[Any], object]]] = {
    "accounts": (AccountRow, check),
    "members": (MemberRow, check),
    "contracts": (ContractRow, check),
    "tickets": (TicketRow, check),
    "subscriptions": (SubscriptionRow, billing_rows.check),
    "payment-methods": (PaymentMethodRow, billing_rows.check),
    "invoices": (InvoiceRow, billing_rows.check),
    "payments": (PaymentRow, billing_rows.check),
    "events": (EventRow, event),
}


@pytest.fixture(scope="module")
def rows_sent() -> dict[str, list[msgspec.Struct]]:
    """The rows of either loader by kind."""
    sample = ROOT / "data/telco.csv"
    table = telco.batches(telco.read(sample)[:1_000], UNTIL)
    tenant = simulate(companies_count=60, months=14, seed=4, until=UNTIL).batches()
    rows: dict[str, list[msgspec.Struct]] = defaultdict(list)
    for batch in chain(table, tenant):
        rows[batch.kind] += batch.rows
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_taken(rows_sent: dict[str, list[msgspec.Struct]], kind: str):
    row_type, rule = KINDS[kind]
    assert rows_sent[kind]
    for at in range(0, len(rows_sent[kind]), 2_000):
        good, bad = parse(msgspec.json.encode(rows_sent[kind][at : at + 2_000]), row_type, LOADER)
        assert not bad
        for line in good:
            rule(line.row)
