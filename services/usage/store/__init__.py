"""What usage keeps: every query on its own schema."""

from services.usage.store.ingest import (
    PUT_ASIDE,
    RECORD,
    address_of,
    change_accounts,
    hold_accounts,
    known,
    put_aside,
    record,
    stored,
    time_zone,
)
from services.usage.store.reads import (
    FEATURES,
    SUMMARY,
    features,
    pending,
    summary,
)
from services.usage.store.told import (
    add_account,
    add_contract,
    take_pending,
)

__all__ = [
    "FEATURES",
    "PUT_ASIDE",
    "RECORD",
    "SUMMARY",
    "add_account",
    "add_contract",
    "address_of",
    "change_accounts",
    "features",
    "hold_accounts",
    "known",
    "pending",
    "put_aside",
    "record",
    "stored",
    "summary",
    "take_pending",
    "time_zone",
]
