"""The billing process: what it answers and takes in."""

from services.billing.actions import invoices as invoices_actions
from services.billing.actions import payments as payments_actions
from services.billing.actions import subscriptions as subscriptions_actions
from services.billing.store import invoices, landmarks, summary
from shared.process.service import Service, run

SERVICE = Service(
    name="billing",
    reads={
        "read": [summary.summary, summary.mrr, invoices.invoices_due],
        "ml": [landmarks.features, landmarks.dictionary],
    },
    commands={
        "ingest": [subscriptions_actions.subscription_upsert, invoices_actions.invoice_upsert]
    },
    bulk_routes={
        "ingest": [
            subscriptions_actions.SUBSCRIPTIONS,
            invoices_actions.INVOICES,
            payments_actions.PAYMENTS,
            payments_actions.PAYMENT_METHODS,
        ],
    },
)

if __name__ == "__main__":
    run(SERVICE)
