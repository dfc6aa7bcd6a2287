"""What a worker works with, where a test needs no more than its database."""

from pathlib import Path

from shared.platform.config import Settings
from shared.platform.db import Database
from shared.process.rpc import Rpc
from shared.process.worker import WorkerContext

NOWHERE = Settings(Path(), Path(), b"no secret")


def worker_context(db: Database) -> WorkerContext:
    return WorkerContext(NOWHERE, db, Rpc(NOWHERE))
