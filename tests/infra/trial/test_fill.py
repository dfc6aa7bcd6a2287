"""A tenant copied into tables tells what it tells when loaded through the services."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from infra.cli.trial import simulation
from infra.trial.fill import fill
from infra.trial.server import SIGNAL_SERVICES, bound
from ml.backtesting.windows import Past, Window
from ml.frames import landmarks
from ml.simulation.tenant import simulate
from shared.platform.auth import Principal, system
from shared.platform.config import Settings
from shared.platform.db import Conn
from shared.process.rpc import Rpc
from tests.conftest import DatabaseOf
from tests.infra.loading.examples import send

UNTIL = date(2026, 7, 1)
ORIGINS = [date(2025, 11, 15), date(2026, 2, 3)]


@pytest.fixture
async def rpc(settings: Settings) -> AsyncIterator[Rpc]:
    async with bound(settings) as opened:
        yield opened


async def windows(rpc: Rpc, principal: Principal) -> list[Window]:
    past = Past(rpc, principal, landmarks.moment(UNTIL), lambda *_: None)
    return await past.windows(ORIGINS)


async def test_copied_rows_give_the_same_windows_as_rows_sent_to_the_services(
    settings: Settings, database: DatabaseOf, principal: Principal, owner: Conn, rpc: Rpc
):
    tenant = simulate(companies_count=40, months=14, seed=2, until=UNTIL)
    dbs = {service.name: await database(service.name) for service in SIGNAL_SERVICES}
    await send(dbs, principal, tenant.batches())
    await owner.execute("ANALYZE")
    through_services = await windows(rpc, principal)

    copied = await fill(settings.owner_database_url, "copied", tenant, lambda *_: None)
    straight = await windows(rpc, system(copied))

    for direct, served in zip(straight, through_services, strict=True):
        assert direct.accounts == served.accounts
        for mine, theirs in ((direct.training, served.training), (direct.ahead, served.ahead)):
            assert len(mine) > 20
            np.testing.assert_array_equal(mine.duration, theirs.duration)
            np.testing.assert_array_equal(mine.event, theirs.event)
            np.testing.assert_array_equal(mine.cause, theirs.cause)
            assert mine.columns.keys() == theirs.columns.keys()
            for name in mine.columns:
                assert shown(mine.columns[name]) == shown(theirs.columns[name]), name
        assert direct.training.halves is not None
        assert served.training.halves is not None
        assert len(direct.training.halves) == len(served.training.halves) > 0
        assert direct.training.halves.hashed() == served.training.halves.hashed()
        assert direct.ahead.halves is None


def shown(values: NDArray[Any]) -> list[str]:
    """Values as they read, so that what is unknown is the same as itself."""
    return [repr(value) for value in values.tolist()]


def test_too_few_months_on_record_are_refused_before_anything_is_made():
    options = ["--months", "24", "--unrecorded-months", "3"]
    refused = CliRunner().invoke(simulation, options)
    assert refused.exit_code == 2
    assert "at most 2" in refused.output
