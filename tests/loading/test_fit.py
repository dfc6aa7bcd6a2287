"""What is sent is what the services take: every row of ours meets their types and rules."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from infra.loading import telco
from ml.simulation.rows import Batch
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
from shared.intake.rows import Row, parsed
from shared.platform.auth import Principal

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


def sent() -> Iterator[Batch]:
    sample = Path(__file__).parents[2] / "data/telco.csv"
    yield from telco.batches(telco.read(sample)[:1_000], UNTIL)
    yield from simulate(companies_count=60, months=14, seed=4, until=UNTIL).batches()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_taken(kind: str):
    row_type, rule = KINDS[kind]
    for batch in sent():
        if batch.kind != kind:
            continue
        rows = list(batch.rows)
        for at in range(0, len(rows), 2_000):
            good, bad = parsed(msgspec.json.encode(rows[at : at + 2_000]), row_type, LOADER)
            assert not bad
            for one in good:
                rule(one.row)
