"""Billing over the wire: what is sent comes back as the same types."""

from uuid import uuid4

from services.billing.actions.invoices import invoice_upsert
from services.billing.actions.subscriptions import subscription_upsert
from services.billing.app import SERVICE
from services.billing.store import invoices as invoices_store
from services.billing.store import landmarks as landmarks_store
from services.billing.store import summary as summary_store
from shared.platform.auth import Principal
from shared.platform.config import Settings
from shared.process.rpc import Dispatcher, Rpc
from shared.vocabulary.landmark import Landmark
from tests.conftest import DatabaseOf
from tests.services.billing.examples import JUNE, invoice, subscription

ACCOUNT = uuid4()


async def test_every_function_answers_over_the_wire(
    database: DatabaseOf, settings: Settings, principal: Principal
) -> None:
    db = await database("billing")
    exposed = Dispatcher(db, reads=SERVICE.reads, commands=SERVICE.commands)
    rpc = Rpc(settings, local={"billing": exposed})

    line = await rpc.call(principal, subscription_upsert, subscription(ACCOUNT))
    bill = await rpc.call(principal, invoice_upsert, invoice(ACCOUNT))
    summary = await rpc.call(principal, summary_store.summary, [ACCOUNT], JUNE)
    due = await rpc.call(principal, invoices_store.invoices_due, [ACCOUNT])
    mrr = await rpc.call(principal, summary_store.mrr, [ACCOUNT])
    (row,) = await rpc.call(principal, landmarks_store.features, [Landmark(ACCOUNT, JUNE)])

    assert summary[ACCOUNT].mrr == mrr[ACCOUNT] == line.mrr
    assert due[ACCOUNT].items[0].id == bill.id
    assert row["mrr_cents"] == line.mrr.cents
