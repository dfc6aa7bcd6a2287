"""What usage does: take events in, learn of accounts and contracts, say what was recorded."""

from services.usage.actions.ingest import ANNOUNCE, announce, count, take_events
from services.usage.actions.told import learn_account, learn_contract

__all__ = ["ANNOUNCE", "announce", "count", "learn_account", "learn_contract", "take_events"]
