"""The rows that may be sent in, and what must hold within one."""

from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from services.accounts.domain.contracts import EndReason, Outcome
from services.accounts.domain.tickets import Severity, TicketClass
from shared.intake.of_account import AccountName, OfAccount
from shared.intake.rows import Row
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.moments import Moment
from shared.vocabulary.money import Currency

EXACT = 2**53

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Label: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Scalar: TypeAlias = (
    Annotated[str, Meta(max_length=500)]
    | Annotated[int, Meta(ge=-EXACT, le=EXACT)]
    | float
    | bool
    | None
)


class AccountRow(Row, kw_only=True):
    """A customer company; a row is the whole of it, what it leaves out is unset, but for the names
    that other systems give it: those only ever join.

    Without a `name` it says nothing but such names of an account that exists.
    """

    id: UUID | None = None
    external_id: AccountName | None = None
    external_ids: Annotated[list[AccountName], Meta(max_length=100)] | UnsetType = UNSET
    name: Name | None = None
    traits: Annotated[dict[Label, Scalar], Meta(max_length=200)] = msgspec.field(
        default_factory=dict
    )
    tags: Annotated[list[Label], Meta(max_length=100)] = msgspec.field(default_factory=list)
    intended_users: Count | None = None
    industry: Label | None = None
    created_at: Moment | None = None

    @property
    def names(self) -> list[AccountName]:
        """What other systems call the account, as far as the row says."""
        first = [self.external_id] if self.external_id else []
        return [*first, *(self.external_ids or ())]


class WithName(OfAccount, kw_only=True):
    """A row of an account that has an external id of its own."""

    account_name: AccountName | UnsetType | None = msgspec.field(
        default=UNSET, name="accountExternalId"
    )


class MemberRow(WithName, kw_only=True):
    """A person of an account; without an id known by the external id."""

    id: UUID | None = None
    account_id: str | None = None
    external_id: Name | None = None
    email: Annotated[str, Meta(min_length=3, max_length=320)] | None = None
    role: Label | None = None
    level: Annotated[int, Meta(ge=0, le=4)] | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    internal: bool = False


class ContractRow(WithName, kw_only=True):
    """What an account signed; a later row with the same id is a new version of it."""

    id: UUID | None = None
    account_id: str | None = None
    external_id: Name | None = None
    start_on: date
    end_on: date | None = None
    term_months: Annotated[int, Meta(ge=1, le=120)]
    auto_renew: bool
    notice_days: Annotated[int, Meta(ge=0, le=3650)] | None = None
    seats: Count | None = None
    mrr_cents: Annotated[int, Meta(ge=0, le=10**13)] | None = None
    currency: Currency | None = None
    ended_on: date | None = None
    outcome: Outcome = Outcome.PENDING
    end_reason: EndReason | None = None


class TicketRow(OfAccount, kw_only=True):
    """A request for support; a later row with the same id is a new version of it."""

    id: Name
    account_id: str | None = None
    opened_at: Moment
    severity: Severity
    ticket_class: TicketClass
    channel: Label | None = None
    first_reply_at: Moment | None = None
    resolved_at: Moment | None = None


def check(row: Row) -> None:
    """Refuse what the types alone cannot: InvalidInput names the first field that is wrong."""
    match row:
        case MemberRow():
            _ordered("endedAt", row.ended_at, "startedAt", row.started_at)
        case ContractRow():
            _check_contract(row)
        case TicketRow():
            _ordered("firstReplyAt", row.first_reply_at, "openedAt", row.opened_at)
            _ordered("resolvedAt", row.resolved_at, "openedAt", row.opened_at)
        case _:
            return
    row.account_id = str(row.account)


def _check_contract(row: ContractRow) -> None:
    if row.end_on is not None and row.end_on <= row.start_on:
        raise InvalidInput("endOn", row.end_on, f"a day after startOn, {row.start_on}")
    _ordered("endedOn", row.ended_on, "startOn", row.start_on)
    row.currency = row.currency and row.currency.upper()
    if row.mrr_cents is not None and row.currency is None:
        raise InvalidInput("currency", None, "an ISO 4217 code wherever mrrCents is given")
    if row.outcome is Outcome.LOST and row.ended_on is None and row.end_on is None:
        raise InvalidInput("endedOn", None, "a day, or endOn, once the outcome is lost")
    if row.end_reason is not None and row.outcome is not Outcome.LOST:
        raise InvalidInput("endReason", row.end_reason, "left out unless the outcome is lost")


def _ordered(later_name: str, later: date | None, name: str, earlier: date | None) -> None:
    if later is not None and earlier is not None and later < earlier:
        raise InvalidInput(
            later_name, later.isoformat(), f"not before {name}, {earlier.isoformat()}"
        )
