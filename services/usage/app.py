"""The usage process: events in, roll-ups and signals out."""

from services.usage import actions, store
from services.usage.domain import EventRow
from shared.ingest import Kind
from shared.service import Service, run

SERVICE = Service(
    name="usage",
    reads=[store.summary, store.features, store.pending],
    kinds=[Kind("events", EventRow, actions.take_events)],
    listeners={
        "accounts": {
            "AccountCreated": actions.learn_account,
            "AccountChanged": actions.learn_account,
            "ContractChanged": actions.learn_contract,
        }
    },
)

if __name__ == "__main__":
    run(SERVICE)
