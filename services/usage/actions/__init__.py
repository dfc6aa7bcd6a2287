"""What usage does: take events in, learn of accounts and contracts, say what was recorded."""

from services.usage.actions.ingest import (
    ANNOUNCE,
    FORGET,
    announce,
    count,
    forget,
    keep_rejected,
    set_late_policy,
    take_checked,
    take_events,
)
from services.usage.actions.segment import take_segment
from services.usage.actions.told import learn_account, learn_contract

__all__ = [
    "ANNOUNCE",
    "FORGET",
    "announce",
    "count",
    "forget",
    "keep_rejected",
    "learn_account",
    "learn_contract",
    "set_late_policy",
    "take_checked",
    "take_events",
    "take_segment",
]
