"""What people expect, kept to look back on."""

from uuid import UUID

from services.risk.domain.hindsight import Expectation
from services.risk.store import directory, hindsight
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput, NotFound

NOTE_MOST = 2_000


async def expect(
    conn: Conn, account_id: UUID, probability: float, note: str | None, principal: Principal
) -> Expectation:
    """Keep what somebody expects of an account's renewal; what they said before stays."""
    if not 0 <= probability <= 1:
        raise InvalidInput("renewalProbability", probability, "0 to 1")
    if note is not None and len(note) > NOTE_MOST:
        raise InvalidInput("note", f"{len(note)} characters", f"at most {NOTE_MOST}")
    if not await directory.accounts(conn, [account_id]):
        raise NotFound(f"there is no account {account_id}")
    return await hindsight.add_expectation(conn, account_id, probability, principal.subject, note)
