"""Events that wait for their account: how many may, and how many go on at once."""

from services.usage.domain.events import Event
from shared.vocabulary.errors import InvalidInput

MAX_PENDING = 1_000_000
"""So many events of a tenant may wait for accounts that are not known."""
AT_ONCE = 500
"""So many go on with the transaction that makes their account known; more do later, in bites."""
BITE = 2_000
"""So many go on in a transaction of their own: others of the tenant wait for it."""
ADDRESSES = 500
"""So many addresses share a bite, so that a large backlog does not hold up a small one."""


def refusal(event: Event) -> InvalidInput:
    """What is said to whoever sends one event more."""
    address = event.address
    field = "accountId" if address.account_id else "externalId"
    name = address.account_id or (address.external and address.external.id)
    return InvalidInput(
        field,
        name,
        f"an account that is known, for {MAX_PENDING:,} events wait for accounts that are not,"
        " which is the most; send the accounts first, then this event again",
    )
