"""What a transaction locks is said in one place of each service."""

from tests.architecture.tree import files, name

PLACES = {"shared/platform/migrate.py", "shared/intake/versioned.py"}
LOCKS = ("pg_advisory", "lock_ids($", "hold_accounts($")


def test_locks_stand_in_one_file_of_a_store_and_say_what_they_lock():
    found = {
        name(path)
        for path in files("services/*.py", "shared/*.py", "graph/*.py", "infra/*.py", "ml/*.py")
        if any(lock in path.read_text() for lock in LOCKS)
    }
    assert {path for path in found - PLACES if not path.endswith("/store/locks.py")} == set()
    unnamed = [
        f"{name(path)}: {line}"
        for path in files("services/*/store/locks.py")
        for line in path.read_text().splitlines()
        if line.startswith("async def ") and not line.startswith("async def lock_")
    ]
    assert not unnamed
