"""The billing process: what it answers and takes in."""

from services.billing import actions, store
from services.billing.store import landmarks
from shared.process.service import Service, run

SERVICE = Service(
    name="billing",
    reads={
        "read": [store.summary, store.invoices_due, store.mrr],
        "ml": [landmarks.features, landmarks.dictionary],
    },
    commands={"ingest": [actions.subscription_upsert, actions.invoice_upsert]},
    kinds={
        "ingest": [
            actions.SUBSCRIPTIONS,
            actions.INVOICES,
            actions.PAYMENTS,
            actions.PAYMENT_METHODS,
        ],
    },
)

if __name__ == "__main__":
    run(SERVICE)
