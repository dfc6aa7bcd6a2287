"""What usage keeps: every query on its own schema."""

from services.usage.store.ingest import (
    PUT_ASIDE,
    address_of,
    change_accounts,
    hold_accounts,
    known,
    late_policy,
    put_aside,
    record,
    set_late_policy,
    stored,
    time_zone,
)
from services.usage.store.reads import (
    FEATURES,
    SUMMARY,
    dictionary,
    features,
    pending,
    summary,
)
from services.usage.store.rejected import forget_rejected, keep_rejected, rejected
from services.usage.store.segment import groups, join_groups
from services.usage.store.told import (
    add_account,
    add_contract,
    take_pending,
)

__all__ = [
    "FEATURES",
    "PUT_ASIDE",
    "SUMMARY",
    "add_account",
    "add_contract",
    "address_of",
    "change_accounts",
    "dictionary",
    "features",
    "forget_rejected",
    "groups",
    "hold_accounts",
    "join_groups",
    "keep_rejected",
    "known",
    "late_policy",
    "pending",
    "put_aside",
    "record",
    "rejected",
    "set_late_policy",
    "stored",
    "summary",
    "take_pending",
    "time_zone",
]
