"""What accounts takes a few at a time; for many there is POST /v1/accounts and its like."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from services.accounts.actions import accounts as accounts_actions
from services.accounts.actions import contracts as contracts_actions
from services.accounts.actions import members as members_actions
from services.accounts.domain import contracts as contracts_domain
from services.accounts.schema.values import Contract
from shared.graphql.fields import Arguments, called
from shared.graphql.inputs import entry, optional
from shared.graphql.objects import Account, Member
from shared.graphql.payloads import Payload, UserError, one_row, row_of
from shared.graphql.reading import WHOLE
from shared.graphql.scalars import WideInt
from shared.graphql.showing import shown
from shared.intake.rows import Receipt


@strawberry.input(description="The name another system gives an account.")
class ExternalIdInput:
    source: str = entry("The other system, e.g. crm.")
    id: str = entry("The account's id there.")


@strawberry.input(
    description="An account as it is now: what is left out is unset. Known by id or externalId;"
    " with neither it is a new one each time."
)
class AccountUpsertInput:
    name: str = entry("The customer's name, 1 to 200 characters.")
    id: strawberry.ID | None = optional("Its id here.")
    external_id: ExternalIdInput | None = optional(
        "What another system calls it; stays with the account for ever."
    )
    traits: JSON | None = optional("A flat object of scalars, passed on to the model.")
    tags: list[str] | None = optional("Labels.")
    intended_users: int | None = optional("How many people should use the product.")
    industry: str | None = optional("Its line of business.")
    created_at: datetime | None = optional("Since when it is a customer; if omitted, since now.")


@strawberry.input(
    description="A member as they are now: what is left out is unset. Known by id, or within the"
    " account by externalId; with neither it is a new one each time."
)
class MemberInput:
    account_id: strawberry.ID = entry("The account, by its id here.")
    id: strawberry.ID | None = optional("The member's id here.")
    external_id: str | None = optional("The member's id in the source system.")
    email: str | None = optional("E-mail address.")
    role: str | None = optional("What they do, e.g. admin.")
    level: int | None = optional("Knowledge of the product, 0 to 4.")
    started_at: datetime | None = optional("When they began.")
    ended_at: datetime | None = optional("When they left.")
    internal: bool = entry(
        "Of the vendor's own people, or a test user: never counted.", default=False
    )


@strawberry.input(description="Members to add or change, up to 5,000.")
class MembersUpsertInput:
    members: list[MemberInput] = entry("The members as they are now.")


@strawberry.input(
    description="A contract as it is now: what is left out is unset. Known by id, or within the"
    " account by externalId; with neither it is a new one each time."
)
class ContractUpsertInput:
    account_id: strawberry.ID = entry("The account, by its id here.")
    start_on: date = entry("First day.")
    term_months: int = entry("Length of a term, 1 to 120 months.")
    auto_renew: bool = entry("Whether it goes on if nobody objects.")
    id: strawberry.ID | None = optional("Its id here.")
    external_id: str | None = optional("Its number elsewhere.")
    end_on: date | None = optional("First day after the agreed term.")
    notice_days: int | None = optional("How many days before the renewal it must be cancelled.")
    seats: int | None = optional("Seats signed for.")
    mrr_cents: WideInt | None = optional(
        "Recurring revenue per month, minor units; needs a currency."
    )
    currency: str | None = optional("ISO 4217 code.")
    ended_on: date | None = optional("First day no longer covered, once that is known.")
    outcome: contracts_domain.Outcome = entry(
        "What became of it at its end.", default=contracts_domain.Outcome.PENDING
    )
    end_reason: contracts_domain.EndReason | None = optional(
        "Why it was lost, given with the outcome lost; the forecast takes a loss"
        " without a reason as voluntary."
    )


class AccountPayload(Payload[UUID], description="What became of an accountUpsert."):
    account: Account | None = shown("The account; null if refused.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")


def _is_good(receipt: Receipt) -> bool:
    return receipt.status in ("accepted", "duplicate")


def _member_ids(receipts: list[Receipt]) -> list[UUID]:
    return [UUID(receipt.id) for receipt in receipts if _is_good(receipt)]


class MembersPayload(Payload[list[Receipt]], description="What became of a membersUpsert."):
    members: list[Member] = shown("Those that were taken, in order.", by=_member_ids)
    user_errors: list[UserError] = strawberry.field(
        description="One for each that was not; `field` begins with its place, as in"
        " members[3].level."
    )

    def refusals(self) -> list[UserError]:
        return [
            UserError(
                field=f"members[{receipt.row}].{receipt.field}",
                code="CONFLICT" if receipt.status == "conflict" else "INVALID_INPUT",
                message=f"{receipt.field}: {receipt.value}: {receipt.message}",
            )
            for receipt in self.row or ()
            if not _is_good(receipt)
        ]


class ContractPayload(
    Payload[contracts_domain.Contract], description="What became of a contractUpsert."
):
    contract: Contract | None = shown("The contract; null if refused.", of=WHOLE)
    account: Account | None = shown("Its account; null if refused.", of="account_id")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")


def _members(
    input: Annotated[
        MembersUpsertInput, strawberry.argument(description="The members as they are now.")
    ],
) -> Arguments:
    return {"rows": [row_of(member) for member in input.members]}


@strawberry.type
class Mutation:
    account_upsert: AccountPayload = called(
        accounts_actions.account_upsert,
        "Create an account, or change it. Needs the scope 'ingest'.",
        takes=one_row(AccountUpsertInput, "The account as it is now.", kind="Account"),
    )
    members_upsert: MembersPayload = called(
        members_actions.members_upsert,
        "Add or change members, each on its own: some may be taken and others not."
        " Needs the scope 'ingest'.",
        takes=_members,
    )
    contract_upsert: ContractPayload = called(
        contracts_actions.contract_upsert,
        "Sign a contract, or change it. Needs the scope 'ingest'.",
        takes=one_row(ContractUpsertInput, "The contract as it is now.", kind="Contract"),
    )
