"""The fields of Account and Member that accounts answers for, in batches."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from services.accounts import domain
from services.accounts.schema.values import Contract, ExternalId, LifecycleStage, SupportSummary
from services.accounts.store import accounts, contracts, members, tickets
from shared.graphql.old import After, AsOf, Connection, Context, First, Part, connection
from shared.vocabulary.errors import NotFound
from shared.vocabulary.paging import Page

Request = Info[Context, None]
Account = Annotated["Account", strawberry.lazy("graph.schema")]
Member = Annotated["Member", strawberry.lazy("graph.schema")]


@strawberry.input(description="Which members; what is left out does not narrow.")
class MemberFilter:
    role: str | None = strawberry.field(default=None, description="Only this role.")
    active: bool | None = strawberry.field(
        default=None, description="True: only those still there; false: only those who left."
    )


@strawberry.type
class AccountFields(Part):
    """Who an account is, what it signed, who works there, what it asked of support."""

    @strawberry.field(description="The customer's name.")
    async def name(self, info: Request) -> str | None:
        return (await _account(self, info)).name

    @strawberry.field(description="What other systems call it.")
    async def external_ids(self, info: Request) -> list[ExternalId] | None:
        names = await info.context.load(accounts.external_ids, self.key) or []
        return [ExternalId(source=name.source, id=name.external_id) for name in names]

    @strawberry.field(description="Labels set by people and imports.")
    async def tags(self, info: Request) -> list[str] | None:
        return (await _account(self, info)).tags

    @strawberry.field(description="What a source system says of it, passed on to the model.")
    async def traits(self, info: Request) -> JSON | None:
        return JSON((await _account(self, info)).traits)

    @strawberry.field(description="Its line of business; null if unknown.")
    async def industry(self, info: Request) -> str | None:
        return (await _account(self, info)).industry

    @strawberry.field(description="How many people should use the product (A4); null if unknown.")
    async def intended_users(self, info: Request) -> int | None:
        return (await _account(self, info)).intended_users

    @strawberry.field(description="Since when it is a customer.")
    async def created_at(self, info: Request) -> datetime | None:
        return (await _account(self, info)).created_at

    @strawberry.field(description="Where it stands in its life as a customer.")
    async def stage(self, info: Request) -> LifecycleStage | None:
        standing = await info.context.load(contracts.standings, self.key, as_of=self.as_of)
        return LifecycleStage(domain.stage_of(standing).value)

    @strawberry.field(
        description="The contract that runs, of several the latest begun; null if none."
    )
    async def contract(self, info: Request) -> Contract | None:
        found = await info.context.load(contracts.open_contracts, self.key, as_of=self.as_of)
        return Contract.of(found) if found else None

    @strawberry.field(description="All its contracts, the latest begun first.")
    async def contracts(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[Contract] | None:
        page = await info.context.load(
            contracts.contract_pages, self.key, first=first, after=after, as_of=self.as_of
        ) or Page[domain.Contract]([], [], has_next=False)
        nodes = [Contract.of(contract) for contract in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="The people who work there, the longest known first.")
    async def members(
        self,
        info: Request,
        filter: Annotated[
            MemberFilter | None, strawberry.argument(description="Which members; none: all.")
        ] = None,
        first: First = 25,
        after: After = None,
    ) -> Connection[Member] | None:
        narrowed = filter or MemberFilter()
        page = await info.context.load(
            members.member_pages,
            self.key,
            first=first,
            after=after,
            role=narrowed.role,
            active=narrowed.active,
            as_of=self.as_of,
        ) or Page[domain.Member]([], [], has_next=False)
        nodes = [info.context.object("Member", member.id, self.as_of) for member in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="What it asked of support.")
    async def support(self, info: Request, as_of: AsOf = None) -> SupportSummary | None:
        summary = await info.context.load(tickets.support, self.key, as_of=as_of or self.as_of)
        if summary is None:
            raise LookupError("store.support answers for every account")
        return SupportSummary.of(summary)


@strawberry.type
class MemberFields(Part):
    """Who a member is."""

    @strawberry.field(description="The account the member belongs to.")
    async def account(self, info: Request) -> Account | None:
        member = await _member(self, info)
        return info.context.object("Account", member.account_id, self.as_of)

    @strawberry.field(description="The member's id in the source system; null if none.")
    async def external_id(self, info: Request) -> str | None:
        return (await _member(self, info)).external_id

    @strawberry.field(description="E-mail address; null if unknown.")
    async def email(self, info: Request) -> str | None:
        return (await _member(self, info)).email

    @strawberry.field(description="What the member does there, e.g. admin; null if unknown.")
    async def role(self, info: Request) -> str | None:
        return (await _member(self, info)).role

    @strawberry.field(description="Knowledge of the product, 0 to 4; null if unknown.")
    async def level(self, info: Request) -> int | None:
        return (await _member(self, info)).level

    @strawberry.field(description="When the member began, or was first heard of.")
    async def first_seen_at(self, info: Request) -> datetime | None:
        return (await _member(self, info)).started_at

    @strawberry.field(description="When the member left; null while there.")
    async def left_at(self, info: Request) -> datetime | None:
        return (await _member(self, info)).ended_at


async def _account(fields: AccountFields, info: Request) -> domain.Account:
    found = await info.context.load(accounts.accounts, fields.key, as_of=fields.as_of)
    if found is None:
        raise NotFound(f"there is no account {fields.key}")
    return found


async def _member(fields: MemberFields, info: Request) -> domain.Member:
    found = await info.context.load(members.members, fields.key, as_of=fields.as_of)
    if found is None:
        raise NotFound(f"there is no member {fields.key}")
    return found
