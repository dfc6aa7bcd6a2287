"""What the end of an earlier start broke off is free at once."""

from infra.servers import access
from shared.platform.config import SERVICES, Settings


async def take_over(settings: Settings) -> None:
    """Let go of what was under way: whoever holds the folder of its servers is alone.

    On a database server of one's own others may work: there it is free within two minutes.
    """
    if settings.database_url:
        return
    async with access.owner(settings) as conn:
        for schema in SERVICES:
            await conn.execute(
                f"UPDATE {schema}.work SET next_at = clock_timestamp() WHERE lease IS NOT NULL"  # noqa: S608 - our own schemas
            )
        await conn.execute(
            "UPDATE risk.training_run SET alive_until = clock_timestamp()"
            " WHERE ended_at IS NULL AND started_at IS NOT NULL"
        )
