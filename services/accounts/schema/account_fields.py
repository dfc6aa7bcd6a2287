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


@strawberry.input(description="Which members; what is left out does not narrow.")
class MemberFilter:
    role: str | None = optional("Only this role.")
    active: bool | None = optional("True: only those still there; false: only those who left.")


def _member_arguments(
    filter: Annotated[
        MemberFilter | None, strawberry.argument(description="Which members; none: all.")
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
        accounts_store.external_ids, "What other systems call it.", absent=empty
    )
    tags: list[str] | None = of_account("Labels set by people and imports.", of="tags")
    traits: JSON | None = of_account(
        "What a source system says of it, passed on to the model.", of="traits"
    )
    industry: str | None = of_account("Its line of business; null if unknown.", of="industry")
    intended_users: int | None = of_account(
        "How many people should use the product (A4); null if unknown.", of="intended_users"
    )
    created_at: datetime | None = of_account("Since when it is a customer.", of="created_at")
    stage: contracts_domain.LifecycleStage | None = answered(
        contracts_store.standings,
        "Where it stands in its life as a customer.",
        by=contracts_domain.stage_of,
    )
    contract: Contract | None = answered(
        contracts_store.open_contracts,
        "The contract that runs, of several the latest begun; null if none.",
    )
    contracts: Connection[Contract] | None = answered(
        contracts_store.contract_pages, "All its contracts, the latest begun first."
    )
    members: Connection[Member] | None = answered(
        members_store.member_pages,
        "The people who work there, the longest known first.",
        takes=_member_arguments,
        of="id",
    )
    support: SupportSummary | None = answered(
        tickets_store.support, "What it asked of support.", takes=moment, absent=missing("account")
    )
