"""Where files must lie so that the account that runs PostgreSQL can reach them."""

import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from infra.supervising.errors import StartError
from infra.supervising.program import Account, enters

# The second is open to all, hence the look at the owner in _is_ours.
SYSTEM_FOLDERS = (Path("/var/lib/tenure"), Path("/var/tmp/tenure"))  # noqa: S108 - for good, and looked at


def system_folder(account: Account | None) -> Path:
    """A folder of the system that the account can enter and only we can write."""
    candidates = (*SYSTEM_FOLDERS, Path(tempfile.gettempdir()) / "tenure")
    for folder in candidates:
        if _is_ours(folder) and enters(account, folder):
            return folder
    tried = ", ".join(str(folder) for folder in candidates)
    raise StartError(
        f"PostgreSQL must not run as root, and no folder was found that another account can enter "
        f"(tried {tried}); set TENURE_DATA_DIR to a folder that every account may enter."
    )


def new_folder(account: Account | None, purpose: str) -> Path:
    """A fresh folder within the system's, which nobody else can have prepared."""
    folder = system_folder(account) / f"{purpose}-{secrets.token_hex(6)}"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def copied(sources: list[Path], name: str, account: Account | None) -> Path:
    """The system folder `name` with copies of the sources, made once and whole or not at all."""
    target = system_folder(account) / name
    if target.exists():
        return target
    draft = new_folder(account, f"{name}.draft")
    for source in sources:
        shutil.copytree(source, draft / source.name, symlinks=True)
    try:
        draft.rename(target)
    except OSError:  # another start was first; its copy is the same
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _is_ours(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
