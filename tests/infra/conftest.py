"""Settings on free ports and folders of their own."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.servers.postgres import erase
from shared.platform.config import Settings
from tests.conftest import free_port

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another")
as_other = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, with a space in its name."""
    folder = Path(tempfile.mkdtemp(prefix="tenure test "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings_in() -> Iterator[Callable[[Path], Settings]]:
    """Settings for a folder; whatever database they made is removed at the end."""
    installations: list[Settings] = []

    def settings(folder: Path) -> Settings:
        installations.append(
            Settings(
                project_dir=Path(__file__).parents[2],
                data_dir=folder / ".tenure",
                secret=b"a secret of tests",
                port=free_port(),
            )
        )
        installations[-1].data_dir.mkdir(exist_ok=True)
        return installations[-1]

    yield settings
    for installation in installations:
        erase(installation)


@pytest.fixture
def settings(settings_in: Callable[[Path], Settings], open_folder: Path) -> Settings:
    """Settings of a folder that every account may enter."""
    return settings_in(open_folder)
