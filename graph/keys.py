"""API keys through the graph: made, listed and revoked by whoever holds the scope admin."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.types import Info

from graph.context import GraphContext
from shared.graphql.old import UserError, attempted, global_id
from shared.platform import auth
from shared.vocabulary.ids import parsed_id

Request = Info[GraphContext, None]


@strawberry.type(description="A key to this API, without its secret.")
class ApiKey:
    id: strawberry.ID = strawberry.field(description="Opaque; give it to apiKeyRevoke.")
    name: str = strawberry.field(description="What it is for.")
    prefix: str = strawberry.field(description="How its secret begins, to tell keys apart.")
    scopes: list[str] = strawberry.field(description=f"Some of {', '.join(auth.SCOPES)}.")
    created_at: datetime = strawberry.field(description="When it was made.")
    revoked_at: datetime | None = strawberry.field(
        description="When it ended; null while it works."
    )

    @classmethod
    def of(cls, key: auth.ApiKey) -> "ApiKey":
        return cls(
            id=global_id("ApiKey", key.key_id),
            name=key.name,
            prefix=key.prefix,
            scopes=list(key.scopes),
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )


@strawberry.input(description="A key to make.")
class ApiKeyCreateInput:
    name: str = strawberry.field(description="What it is for.")
    scopes: list[str] = strawberry.field(description=f"Some of {', '.join(auth.SCOPES)}.")


@strawberry.input(description="A key to end.")
class ApiKeyRevokeInput:
    id: strawberry.ID = strawberry.field(description="The key's id.")


@strawberry.type(description="A key that was made or ended.")
class ApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(description="The key; null when refused.")
    secret: str | None = strawberry.field(
        description="What to send as the bearer token; shown this once, kept nowhere."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class Query:
    @strawberry.field(description="The tenant's keys, newest first, at most 100. Needs `admin`.")
    async def api_keys(self, info: Request) -> list[ApiKey]:
        info.context.principal.require("admin")
        async with info.context.access.read(info.context.principal.tenant_id) as conn:
            return [ApiKey.of(key) for key in await auth.keys(conn)]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Make a key of the caller's tenant. Needs the scope admin.")
    async def api_key_create(
        self,
        info: Request,
        input: Annotated[ApiKeyCreateInput, strawberry.argument(description="The key.")],
    ) -> ApiKeyPayload:
        info.context.principal.require("admin")
        made, errors = await attempted(_made(info.context, input))
        return ApiKeyPayload(
            api_key=ApiKey.of(made[0]) if made else None,
            secret=made[1] if made else None,
            user_errors=errors,
        )

    @strawberry.mutation(description="End a key; it stops working within seconds. Needs admin.")
    async def api_key_revoke(
        self,
        info: Request,
        input: Annotated[ApiKeyRevokeInput, strawberry.argument(description="The key.")],
    ) -> ApiKeyPayload:
        info.context.principal.require("admin")
        key, errors = await attempted(_revoked(info.context, input.id))
        return ApiKeyPayload(
            api_key=ApiKey.of(key) if key else None, secret=None, user_errors=errors
        )


async def _made(context: GraphContext, given: ApiKeyCreateInput) -> tuple[auth.ApiKey, str]:
    tenant_id = context.principal.tenant_id
    async with context.access.write(tenant_id) as conn:
        return await auth.create_key(conn, tenant_id, given.name, tuple(given.scopes))


async def _revoked(context: GraphContext, given: str) -> auth.ApiKey:
    _, key_id = parsed_id(given, "ApiKey")
    async with context.access.write(context.principal.tenant_id) as conn:
        return await auth.revoke_key(conn, key_id)
