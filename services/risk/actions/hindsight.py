"""What is written down to look back on: ends of contracts, and what people expect."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.risk.actions.scores import note
from services.risk.domain.hindsight import Ended, Expectation
from services.risk.store import hindsight
from services.risk.store import queue as queue_store
from shared.platform.auth import Principal
from shared.platform.db import Conn
from shared.process.facts import LogEntry
from shared.vocabulary.errors import InvalidInput, NotFound

DECIDED = {"renewed": True, "contracted": True, "expanded": True, "lost": False}
NOTE_MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Told:
    """What is needed of a ContractChanged."""

    account_id: UUID
    contract_id: UUID
    end_on: date | None
    ended_on: date | None
    outcome: str


async def note_contract(conn: Conn, entry: LogEntry) -> None:
    """A contract was signed or changed: score anew, and keep how it ended once that is decided."""
    await note(conn, entry)
    told = entry.fact(_Told)
    on = told.ended_on or told.end_on
    if told.outcome in DECIDED and on is not None:
        renewed = DECIDED[told.outcome]
        await hindsight.note_end(conn, Ended(told.contract_id, told.account_id, on, renewed))
    else:
        await hindsight.forget_end(conn, told.contract_id)


async def expect(
    conn: Conn, account_id: UUID, probability: float, note: str | None, principal: Principal
) -> Expectation:
    """Keep what somebody expects of an account's renewal; what they said before stays."""
    if not 0 <= probability <= 1:
        raise InvalidInput("renewalProbability", probability, "0 to 1")
    if note is not None and len(note) > NOTE_MOST:
        raise InvalidInput("note", f"{len(note)} characters", f"at most {NOTE_MOST}")
    if not await queue_store.known(conn, [account_id]):
        raise NotFound(f"there is no account {account_id}")
    return await hindsight.add_expectation(conn, account_id, probability, principal.subject, note)
