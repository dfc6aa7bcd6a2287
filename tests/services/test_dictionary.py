"""What a service tells of an account is what its dictionary says, no column more or less."""

from datetime import UTC, datetime
from types import ModuleType
from uuid import uuid4

import pytest

from services.accounts.store import landmarks as accounts_landmarks
from services.billing.store import landmarks as billing_landmarks
from services.learning.store import landmarks as learning_landmarks
from services.usage.store import landmarks as usage_landmarks
from shared.platform.auth import Principal
from shared.platform.db import Database
from shared.vocabulary.landmark import FeatureRow, Landmark
from shared.vocabulary.signal import Signal
from tests.conftest import DatabaseOf

SERVICES = {
    "accounts": accounts_landmarks,
    "billing": billing_landmarks,
    "learning": learning_landmarks,
    "usage": usage_landmarks,
}
NOW = datetime(2026, 11, 1, tzinfo=UTC)


async def of_nobody(
    db: Database, principal: Principal, store: ModuleType
) -> tuple[FeatureRow, dict[str, Signal]]:
    """What a service tells of an account that nobody knows, and its dictionary."""
    async with db.read(principal.tenant_id) as conn:
        (row,) = await store.features(conn, [Landmark(uuid4(), NOW)])
        return row, {signal.name: signal for signal in await store.dictionary(conn)}


@pytest.mark.parametrize("name", SERVICES)
async def test_sql_and_dictionary_name_the_same_signals(
    name: str, database: DatabaseOf, principal: Principal
):
    row, signals = await of_nobody(await database(name), principal, SERVICES[name])
    assert {signal.name for signal in signals.values() if not signal.is_family} == set(row)


@pytest.mark.parametrize("name", SERVICES)
async def test_of_an_account_nobody_knows_only_what_may_be_unknown_is(
    name: str, database: DatabaseOf, principal: Principal
):
    row, signals = await of_nobody(await database(name), principal, SERVICES[name])
    assert not [key for key, value in row.items() if value is None and not signals[key].unknown]
