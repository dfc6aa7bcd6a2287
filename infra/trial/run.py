"""One simulated tenant from its first row to windows of what was known when."""

from datetime import date

from infra.trial.fill import Step, fill
from infra.trial.server import bound
from ml.backtesting.windows import Past, Window, origins_before
from ml.frames import landmarks
from ml.simulation.clock import date_of
from ml.simulation.tenant import Tenant
from shared.platform.auth import system
from shared.platform.config import Settings


async def windows(
    settings: Settings, tenant: Tenant, name: str, origins: int, step: Step
) -> list[Window]:
    """Copy the tenant in, then ask the services for what they knew at each of so many origins.

    Origins are six months apart, the last a year before the end.
    """
    until: date = date_of(tenant.clock.until)
    days = origins_before(until, first=tenant.recorded_from, count=origins, every_months=6)
    tenant_id = await fill(settings.owner_database_url, name, tenant, step)
    async with bound(settings) as rpc:
        past = Past(rpc, system(tenant_id), landmarks.moment(until), step)
        return await past.windows(days)
