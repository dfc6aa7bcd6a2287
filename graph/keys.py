"""API keys through the graph: made, listed and revoked by whoever holds the scope admin."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.types import Info

from graph.context import GraphContext
from shared.graphql.inputs import entry
from shared.graphql.payloads import Payload, UserError, attempt
from shared.graphql.showing import Shown, shown
from shared.platform import auth
from shared.vocabulary.ids import parse_id

Request = Info[GraphContext, None]


class ApiKey(Shown[auth.ApiKey], description="A key to this API, without its secret."):
    id: strawberry.ID = shown("An opaque id; use it in apiKeyRevoke.", of="key_id")
    name: str = shown("The purpose of the key.")
    prefix: str = shown("The beginning of its secret, to tell keys apart.")
    scopes: list[str] = shown(f"Some of {', '.join(auth.SCOPES)}.")
    created_at: datetime = shown("When it was created.")
    revoked_at: datetime | None = shown("When it was revoked; null while it works.")


@strawberry.input(description="The key to create.")
class ApiKeyCreateInput:
    name: str = entry("The purpose of the key.")
    scopes: list[str] = entry(f"Some of {', '.join(auth.SCOPES)}.")


@strawberry.input(description="The key to revoke.")
class ApiKeyRevokeInput:
    id: strawberry.ID = entry("The key's id.")


@dataclass(frozen=True, slots=True)
class KeyWithSecret:
    """A key, and its secret where it was just made."""

    key: auth.ApiKey
    secret: str | None = None


class ApiKeyPayload(Payload[KeyWithSecret], description="A key that was created or revoked."):
    api_key: ApiKey | None = shown("The key; null if it was refused.", of="key")
    secret: str | None = shown("The bearer token; it is shown only this once and is not stored.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


@strawberry.type
class Query:
    @strawberry.field(
        description="The tenant's keys, newest first, at most 100. Needs the scope admin."
    )
    async def api_keys(self, info: Request) -> list[ApiKey]:
        async with info.context.access.read(info.context.principal.tenant_id) as conn:
            return [ApiKey(key) for key in await auth.keys(conn)]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Create a key for the caller's tenant. Needs the scope admin.")
    async def api_key_create(
        self,
        info: Request,
        input: Annotated[ApiKeyCreateInput, strawberry.argument(description="The key.")],
    ) -> ApiKeyPayload:
        return await attempt(ApiKeyPayload, info.context, _create(info.context, input))

    @strawberry.mutation(
        description="Revoke a key; it stops working within seconds. Needs the scope admin."
    )
    async def api_key_revoke(
        self,
        info: Request,
        input: Annotated[ApiKeyRevokeInput, strawberry.argument(description="The key.")],
    ) -> ApiKeyPayload:
        return await attempt(ApiKeyPayload, info.context, _revoke(info.context, input.id))


async def _create(context: GraphContext, wish: ApiKeyCreateInput) -> KeyWithSecret:
    tenant_id = context.principal.tenant_id
    async with context.access.write(tenant_id) as conn:
        return KeyWithSecret(*await auth.create_key(conn, tenant_id, wish.name, tuple(wish.scopes)))


async def _revoke(context: GraphContext, text: str) -> KeyWithSecret:
    _, key_id = parse_id(text, "ApiKey")
    async with context.access.write(context.principal.tenant_id) as conn:
        return KeyWithSecret(await auth.revoke_key(conn, key_id))
