"""A start that has no forecast to show in the end does not call itself ready."""

import io
from collections.abc import Iterator

import pytest

from infra.suite.demo import SIMULATED, TELCO, Demo, Step
from infra.suite.start import Whole
from infra.supervising.errors import StartError
from infra.supervising.guard import Guard
from infra.supervising.status_board import state_of
from infra.supervising.terminal import Terminal
from shared.platform.config import Settings

IN_VAIN = Step("demo forecast", SIMULATED, ("train", "--no-such-option"), loads=False)
FINE = Step("telco forecast", TELCO, ("train", "--help"), loads=False)


@pytest.fixture
def words() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def whole(settings: Settings, words: io.StringIO) -> Iterator[Whole]:
    settings.data_dir.mkdir(exist_ok=True)
    guard = Guard()
    started = Whole(settings, Demo(50, 7), Terminal(words), guard)
    started.progress.done, started.progress.unseen_keys = [], {SIMULATED: "a", TELCO: "b"}
    yield started
    started.progress.path.unlink(missing_ok=True)
    started.board.clear()
    guard.close()


async def test_a_forecast_that_fails_twice_is_missed_and_said(
    whole: Whole, settings: Settings, words: io.StringIO
) -> None:
    await whole._take(FINE)
    await whole._take(IN_VAIN)
    whole._welcome()

    assert state_of(settings.data_dir)["phase"] == "not ready: no forecast for demo"
    output = words.getvalue()
    assert output.count("`tenure train --no-such-option` for 'demo' ended with code 2") == 2
    assert "but not ready: no forecast for demo. The next start tries again." in output
    assert "Tenure is ready" not in output
    assert whole.progress.done == ["telco forecast"], "the next start takes it up again"


async def test_without_data_there_is_no_start(whole: Whole) -> None:
    with pytest.raises(StartError, match="ended with code 2"):
        await whole._take(Step("demo data", SIMULATED, ("simulate", "--no-such-option")))
