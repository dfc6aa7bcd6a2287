"""The mutations of accounts: the same rows as the bulk routes, a few at a time."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info
from strawberry.utils.str_converters import to_camel_case

from services.accounts.actions import accounts as accounts_actions
from services.accounts.actions import contracts as contracts_actions
from services.accounts.actions import members as members_actions
from services.accounts.schema.values import Contract, ContractOutcome, EndReason
from services.accounts.store import contracts
from shared.graphql.old import Context, UserError, WideInt, attempted
from shared.intake.rows import Receipt
from shared.vocabulary.ids import parsed_id

Request = Info[Context, None]
Account = Annotated["Account", strawberry.lazy("graph.schema")]
Member = Annotated["Member", strawberry.lazy("graph.schema")]


@strawberry.input(description="The name another system gives an account.")
class ExternalIdInput:
    source: str = strawberry.field(description="The other system, e.g. crm.")
    id: str = strawberry.field(description="The account's id there.")


@strawberry.input(
    description="An account as it is now: what is left out is unset. Known by id or externalId;"
    " with neither it is a new one each time."
)
class AccountUpsertInput:
    name: str = strawberry.field(description="The customer's name, 1 to 200 characters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Its id here.")
    external_id: ExternalIdInput | None = strawberry.field(
        default=None, description="What another system calls it; stays with the account for ever."
    )
    traits: JSON | None = strawberry.field(
        default=None, description="A flat object of scalars, passed on to the model."
    )
    tags: list[str] | None = strawberry.field(default=None, description="Labels.")
    intended_users: int | None = strawberry.field(
        default=None, description="How many people should use the product."
    )
    industry: str | None = strawberry.field(default=None, description="Its line of business.")
    created_at: datetime | None = strawberry.field(
        default=None, description="Since when it is a customer; if omitted, since now."
    )


@strawberry.input(
    description="A member as they are now: what is left out is unset. Known by id, or within the"
    " account by externalId; with neither it is a new one each time."
)
class MemberInput:
    account_id: strawberry.ID = strawberry.field(description="The account, by its id here.")
    id: strawberry.ID | None = strawberry.field(default=None, description="The member's id here.")
    external_id: str | None = strawberry.field(
        default=None, description="The member's id in the source system."
    )
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    role: str | None = strawberry.field(default=None, description="What they do, e.g. admin.")
    level: int | None = strawberry.field(
        default=None, description="Knowledge of the product, 0 to 4."
    )
    started_at: datetime | None = strawberry.field(default=None, description="When they began.")
    ended_at: datetime | None = strawberry.field(default=None, description="When they left.")
    internal: bool = strawberry.field(
        default=False, description="Of the vendor's own people, or a test user: never counted."
    )


@strawberry.input(description="Members to add or change, up to 5,000.")
class MembersUpsertInput:
    members: list[MemberInput] = strawberry.field(description="The members as they are now.")


@strawberry.input(
    description="A contract as it is now: what is left out is unset. Known by id, or within the"
    " account by externalId; with neither it is a new one each time."
)
class ContractUpsertInput:
    account_id: strawberry.ID = strawberry.field(description="The account, by its id here.")
    start_on: date = strawberry.field(description="First day.")
    term_months: int = strawberry.field(description="Length of a term, 1 to 120 months.")
    auto_renew: bool = strawberry.field(description="Whether it goes on if nobody objects.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Its id here.")
    external_id: str | None = strawberry.field(default=None, description="Its number elsewhere.")
    end_on: date | None = strawberry.field(
        default=None, description="First day after the agreed term."
    )
    notice_days: int | None = strawberry.field(
        default=None, description="How many days before the renewal it must be cancelled."
    )
    seats: int | None = strawberry.field(default=None, description="Seats signed for.")
    mrr_cents: WideInt | None = strawberry.field(
        default=None, description="Recurring revenue per month, minor units; needs a currency."
    )
    currency: str | None = strawberry.field(default=None, description="ISO 4217 code.")
    ended_on: date | None = strawberry.field(
        default=None, description="First day no longer covered, once that is known."
    )
    outcome: ContractOutcome = strawberry.field(
        default=ContractOutcome.PENDING, description="What became of it at its end."
    )
    end_reason: EndReason | None = strawberry.field(
        default=None,
        description="Why it was lost, given with the outcome lost; the forecast takes a loss"
        " without a reason as voluntary.",
    )


@strawberry.type(description="What became of an accountUpsert.")
class AccountPayload:
    account: Account | None = strawberry.field(description="The account; null if refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="What became of a membersUpsert.")
class MembersPayload:
    members: list[Member] = strawberry.field(description="Those that were taken, in order.")
    user_errors: list[UserError] = strawberry.field(
        description="One for each that was not; `field` begins with its place, as in"
        " members[3].level."
    )


@strawberry.type(description="What became of a contractUpsert.")
class ContractPayload:
    contract: Contract | None = strawberry.field(description="The contract; null if refused.")
    account: Account | None = strawberry.field(description="Its account; null if refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class Mutation:
    """What accounts takes a few at a time; for many there is POST /v1/accounts and its like."""

    @strawberry.mutation(description="Create an account, or change it. Needs the scope 'ingest'.")
    async def account_upsert(
        self,
        info: Request,
        input: Annotated[
            AccountUpsertInput, strawberry.argument(description="The account as it is now.")
        ],
    ) -> AccountPayload:
        info.context.principal.require("ingest")
        key, errors = await attempted(_account_kept(info, input))
        info.context.forget()
        account = info.context.object("Account", key) if key else None
        return AccountPayload(account=account, user_errors=errors)

    @strawberry.mutation(
        description="Add or change members, each on its own: some may be taken and others not."
        " Needs the scope 'ingest'."
    )
    async def members_upsert(
        self,
        info: Request,
        input: Annotated[
            MembersUpsertInput, strawberry.argument(description="The members as they are now.")
        ],
    ) -> MembersPayload:
        info.context.principal.require("ingest")
        given = [_row(member) for member in input.members]
        receipts, errors = await attempted(info.context.call(members_actions.members_upsert, given))
        info.context.forget()
        taken = [one for one in receipts or [] if one.status in ("accepted", "duplicate")]
        refused = [one for one in receipts or [] if one not in taken]
        return MembersPayload(
            members=[info.context.object("Member", UUID(one.id)) for one in taken],
            user_errors=errors + [_member_error(one) for one in refused],
        )

    @strawberry.mutation(description="Sign a contract, or change it. Needs the scope 'ingest'.")
    async def contract_upsert(
        self,
        info: Request,
        input: Annotated[
            ContractUpsertInput, strawberry.argument(description="The contract as it is now.")
        ],
    ) -> ContractPayload:
        info.context.principal.require("ingest")
        key, errors = await attempted(_contract_kept(info, input))
        info.context.forget()
        if key is None:
            return ContractPayload(contract=None, account=None, user_errors=errors)
        contract = await info.context.load(contracts.contracts, key)
        if contract is None:
            raise LookupError("a contract just kept can be read")
        return ContractPayload(
            contract=Contract.of(contract),
            account=info.context.object("Account", contract.account_id),
            user_errors=errors,
        )


async def _account_kept(info: Request, given: AccountUpsertInput) -> UUID:
    row = _row(given)
    if given.id is not None:
        row["id"] = parsed_id(given.id, "Account", "id")[1]
    return await info.context.call(accounts_actions.account_upsert, row)


async def _contract_kept(info: Request, given: ContractUpsertInput) -> UUID:
    row = _row(given)
    if given.id is not None:
        row["id"] = parsed_id(given.id, "Contract", "id")[1]
    return await info.context.call(contracts_actions.contract_upsert, row)


def _row(given: object) -> dict[str, Any]:
    """The row that the bulk route would take; what is null was not given."""
    return {
        to_camel_case(name): _plain(value)
        for name, value in vars(given).items()
        if value is not None
    }


def _plain(value: Any) -> Any:
    if isinstance(value, ExternalIdInput):
        return vars(value)
    return value.value if isinstance(value, Enum) else value


def _member_error(receipt: Receipt) -> UserError:
    return UserError(
        field=f"members[{receipt.row}].{receipt.field}",
        code="CONFLICT" if receipt.status == "conflict" else "INVALID_INPUT",
        message=f"{receipt.field}: {receipt.value}: {receipt.message}",
    )
