"""Why Tenure cannot start, as one sentence for whoever typed the command."""

from pathlib import Path


class StartError(Exception):
    """One clear sentence: what is wrong, where, and which setting changes it."""


def unwritable(folder: Path | str, error: OSError) -> StartError:
    """The sentence for a folder that the system does not let us write to."""
    reason = (error.strerror or str(error)).lower()
    return StartError(
        f"Cannot read and write {folder} ({reason}); "
        "allow it, or set TENURE_DATA_DIR to a folder of your own."
    )
