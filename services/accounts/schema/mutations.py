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
from shared.graphql.inputs import AccountNameInput, account_id, account_name, entry, optional
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
    description="An account as it is now. A field that is left out is cleared. It is found by id or"
    " externalId; without either, each call creates a new account."
)
class AccountUpsertInput:
    name: str | None = optional(
        "The customer's name, 1 to 200 characters. Without it the input is nothing but names that"
        " other systems give an account that exists."
    )
    id: strawberry.ID | None = optional("Its id in this API.")
    external_id: ExternalIdInput | None = optional(
        "The name that another system gives it; it stays with the account for ever."
    )
    external_ids: list[ExternalIdInput] | None = optional(
        "More such names; those that the account has already stay, whether they are named or not."
    )
    traits: JSON | None = optional("A flat object of scalars, which is passed on to the model.")
    tags: list[str] | None = optional("Labels.")
    intended_users: int | None = optional("How many people should use the product.")
    industry: str | None = optional("Its industry.")
    created_at: datetime | None = optional("When it became a customer; now if omitted.")


@strawberry.input(
    description="A member as they are now. A field that is left out is cleared. A member is found"
    " by id, or within the account by externalId; without either, each call creates a new member."
)
class MemberInput:
    account_id: strawberry.ID | None = account_id()
    account_external_id: AccountNameInput | None = account_name()
    id: strawberry.ID | None = optional("The member's id in this API.")
    external_id: str | None = optional("The member's id in the source system.")
    email: str | None = optional("E-mail address.")
    role: str | None = optional("The member's role, e.g. admin.")
    level: int | None = optional("Knowledge of the product, 0 to 4.")
    started_at: datetime | None = optional("When the member started.")
    ended_at: datetime | None = optional("When the member left.")
    internal: bool = entry(
        "Whether the member works for the vendor or is a test user; such members never count.",
        default=False,
    )


@strawberry.input(description="Members to add or change, up to 5,000.")
class MembersUpsertInput:
    members: list[MemberInput] = entry("The members as they are now.")


@strawberry.input(
    description="A contract as it is now. A field that is left out is cleared. A contract is"
    " found by id, or within the account by externalId; without either, each call"
    " creates a new contract."
)
class ContractUpsertInput:
    account_id: strawberry.ID | None = account_id()
    account_external_id: AccountNameInput | None = account_name()
    start_on: date = entry("First day.")
    term_months: int = entry("Length of a term, 1 to 120 months.")
    auto_renew: bool = entry("Whether it is renewed unless somebody cancels it.")
    id: strawberry.ID | None = optional("Its id in this API.")
    external_id: str | None = optional("Its number in another system.")
    end_on: date | None = optional("First day after the agreed term.")
    notice_days: int | None = optional("Days of notice before the renewal.")
    seats: int | None = optional("How many seats were signed for.")
    mrr_cents: WideInt | None = optional("Monthly revenue in minor units; needs a currency.")
    currency: str | None = optional("ISO 4217 code.")
    ended_on: date | None = optional("First day that it no longer covers, once that is known.")
    outcome: contracts_domain.Outcome = entry(
        "What became of it at its end.", default=contracts_domain.Outcome.PENDING
    )
    end_reason: contracts_domain.EndReason | None = optional(
        "Why it was lost; only with the outcome lost. The forecast treats a loss without a"
        " reason as voluntary."
    )


class AccountPayload(Payload[UUID], description="The result of accountUpsert."):
    account: Account | None = shown("The account; null if it was refused.", of=WHOLE)
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


def _is_good(receipt: Receipt) -> bool:
    return receipt.status in ("accepted", "duplicate")


def _member_ids(receipts: list[Receipt]) -> list[UUID]:
    return [UUID(receipt.id) for receipt in receipts if _is_good(receipt)]


class MembersPayload(Payload[list[Receipt]], description="The result of membersUpsert."):
    members: list[Member] = shown("The members saved, in the order of the input.", by=_member_ids)
    user_errors: list[UserError] = strawberry.field(
        description="One error for each member that was not saved; `field` begins with its place,"
        " as in members[3].level."
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
    Payload[contracts_domain.Contract], description="The result of contractUpsert."
):
    contract: Contract | None = shown("The contract; null if it was refused.", of=WHOLE)
    account: Account | None = shown("Its account; null if it was refused.", of="account_id")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


def _members(
    input: Annotated[MembersUpsertInput, strawberry.argument(description="The members.")],
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
        "Add or change members, each on its own: some may be saved and others refused."
        " Needs the scope 'ingest'.",
        takes=_members,
    )
    contract_upsert: ContractPayload = called(
        contracts_actions.contract_upsert,
        "Sign a contract, or change it. Needs the scope 'ingest'.",
        takes=one_row(ContractUpsertInput, "The contract as it is now.", kind="Contract"),
    )
