"""Who an account is, what it signed, who works there, what it asked of support."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from services.accounts.domain import contracts as contracts_domain
from services.accounts.schema.values import Contract, ExternalId, SupportSummary
from services.accounts.store import accounts as accounts_store
from services.accounts.store import contracts as contracts_store
from services.accounts.store import members as members_store
from services.accounts.store import tickets as tickets_store
from shared.graphql.fields import Arguments, answered, empty, missing, moment
from shared.graphql.inputs import optional
from shared.graphql.objects import Member, Part
from shared.graphql.paging import After, Connection, First


@strawberry.input(description="The members to list. What is left out does not narrow the list.")
class MemberFilter:
    role: str | None = optional("Only members with this role.")
    active: bool | None = optional("True: members who are still there. False: members who left.")


def _member_arguments(
    filter: Annotated[
        MemberFilter | None,
        strawberry.argument(description="The members to list; all of them if omitted."),
    ] = None,
    first: First = 25,
    after: After = None,
) -> Arguments:
    members = filter or MemberFilter()
    return {"role": members.role, "active": members.active, "first": first, "after": after}


of_account = partial(answered, accounts_store.accounts, absent=missing("account"))


@strawberry.type
class AccountFields(Part):
    name: str | None = of_account("The customer's name.", of="name")
    external_ids: list[ExternalId] | None = answered(
        accounts_store.external_ids, "The names that other systems give it.", absent=empty
    )
    tags: list[str] | None = of_account("Labels that people and imports have set.", of="tags")
    traits: JSON | None = of_account(
        "Facts from the source system, which are passed on to the model.", of="traits"
    )
    industry: str | None = of_account("Its industry; null if unknown.", of="industry")
    intended_users: int | None = of_account(
        "How many people should use the product (A4); null if unknown.", of="intended_users"
    )
    created_at: datetime | None = of_account("When it became a customer.", of="created_at")
    stage: contracts_domain.LifecycleStage | None = answered(
        contracts_store.standings,
        "The stage it has reached in its life as a customer.",
        by=contracts_domain.stage_of,
    )
    contract: Contract | None = answered(
        contracts_store.open_contracts,
        "The running contract, of several the one that started last; null if there is none.",
    )
    contracts: Connection[Contract] | None = answered(
        contracts_store.contract_pages, "All its contracts; the one that started last comes first."
    )
    members: Connection[Member] | None = answered(
        members_store.member_pages,
        "The people who work there; the longest known come first.",
        takes=_member_arguments,
        of="id",
    )
    support: SupportSummary | None = answered(
        tickets_store.support,
        "Its requests for support, in numbers.",
        takes=moment,
        absent=missing("account"),
    )
