"""The settings, or one sentence about why there are none."""

import os

from infra.supervising.errors import unwritable
from shared.platform.config import Settings


def configured(*, begins: bool = False, **named: str | int | None) -> Settings:
    """The settings of the environment; what a command line named goes first, for all processes.

    A command that does not begin an installation is refused where there is none.
    """
    override_environment(**named)
    try:
        return Settings.from_env(begins=begins)
    except OSError as error:
        folder = os.environ.get("TENURE_DATA_DIR") or "the project's folder .tenure"
        raise unwritable(folder, error) from error


def override_environment(**named: str | int | None) -> None:
    """What a command line named goes before the environment, for all processes."""
    os.environ.update({key: str(value) for key, value in named.items() if value is not None})
