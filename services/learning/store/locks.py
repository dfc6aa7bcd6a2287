"""What a transaction keeps to itself until it ends. Locked before any table of versions."""

from shared.platform.db import Conn


async def lock_catalogue(conn: Conn) -> None:
    """Nobody else changes the tenant's courses, nor adds learners: codes stay unique, nothing
    needs itself in the end, and who is found by `everybody` is everybody."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock("
        "hashtextextended('learning.' || current_setting('tenure.tenant'), 0))"
    )


async def lock_catalogue_shared(conn: Conn) -> None:
    """Nobody changes the tenant's courses; many transactions may hold this at the same time."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock_shared("
        "hashtextextended('learning.' || current_setting('tenure.tenant'), 0))"
    )
