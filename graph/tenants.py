"""What a tenant decides of itself through the graph."""

from typing import Annotated

import strawberry
from strawberry.types import Info

from graph.context import GraphContext
from shared.graphql.inputs import entry
from shared.graphql.payloads import Payload, UserError, attempt
from shared.graphql.showing import shown
from shared.platform import auth
from shared.process.rpc import Call, remote

Request = Info[GraphContext, None]


@strawberry.input(description="The time zone to set.")
class TenantTimeZoneSetInput:
    time_zone: str = entry("A name of the IANA database, as in Europe/Berlin.")


class TenantTimeZonePayload(
    Payload[auth.Tenant], description="What became of a tenantTimeZoneSet."
):
    time_zone: str | None = shown("The zone in which the tenant's days begin.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused, if it was.")


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Set the time zone in which the tenant's days begin, as long as no use of the"
        " product has been counted in the days of another one. Needs the scope admin."
    )
    async def tenant_time_zone_set(
        self,
        info: Request,
        input: Annotated[TenantTimeZoneSetInput, strawberry.argument(description="The zone.")],
    ) -> TenantTimeZonePayload:
        work = _set_time_zone(info.context, input.time_zone)
        return await attempt(TenantTimeZonePayload, info.context, work)


async def _set_time_zone(context: GraphContext, time_zone: str) -> auth.Tenant:
    """Usage decides: its days are counted once, as the events come."""
    call = Call(remote("usage.ingest.time_zone_set", str), {"time_zone": time_zone})
    await context.rpc.send(context.principal, call)
    async with context.access.write(context.principal.tenant_id) as conn:
        return await auth.set_time_zone(conn, time_zone)
