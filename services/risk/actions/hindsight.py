"""Store what people expect."""

from uuid import UUID

from services.risk.domain.hindsight import Expectation
from services.risk.store import directory, hindsight
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.vocabulary.errors import InvalidInput, NotFound

MAX_NOTE_LENGTH = 2_000


async def expect(
    conn: Conn, account_id: UUID, probability: float, note: str | None, principal: Principal
) -> Expectation:
    """Store what somebody expects of an account's renewal; what they expected before stays."""
    if not 0 <= probability <= 1:
        raise InvalidInput("renewalProbability", probability, "0 to 1")
    if note is not None and len(note) > MAX_NOTE_LENGTH:
        raise InvalidInput("note", f"{len(note)} characters", f"at most {MAX_NOTE_LENGTH}")
    if not await directory.accounts(conn, [account_id]):
        raise NotFound(f"there is no account {account_id}")
    return await hindsight.add_expectation(conn, account_id, probability, principal.subject, note)
