"""What other systems call accounts, asked of the service that knows it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from shared.intake.of_account import AccountName
from shared.platform import auth
from shared.process.rpc import Call, Rpc, remote

ACCOUNTS_NAMED: Final = remote("accounts.accounts.accounts_named", list[UUID | None])
MAX_NAMES = 20_000


async def ask(rpc: Rpc, tenant_id: UUID, names: Sequence[AccountName]) -> dict[AccountName, UUID]:
    """The accounts behind names; unknown ones are absent."""
    call = Call(ACCOUNTS_NAMED, {"names": names})
    keys = await rpc.send(auth.system(tenant_id), call)
    return {name: key for name, key in zip(names, keys, strict=True) if key is not None}


class AccountNames:
    """Asks for each name once: a name never changes its account, so what is known stays true."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._accounts: dict[tuple[UUID, AccountName], UUID] = {}

    async def look_up(
        self, tenant_id: UUID, names: Sequence[AccountName]
    ) -> dict[AccountName, UUID]:
        """The accounts behind names; unknown ones are absent."""
        before = self._accounts
        accounts = {name: before[tenant_id, name] for name in names if (tenant_id, name) in before}
        unknown = [name for name in names if name not in accounts]
        if unknown:
            fresh = await ask(self._rpc, tenant_id, unknown)
            if len(before) > MAX_NAMES:
                before.clear()
            before |= {(tenant_id, name): key for name, key in fresh.items()}
            accounts |= fresh
        return accounts
