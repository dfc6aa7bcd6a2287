"""Events that waited go on: they count where they belong, or wait for what their address means."""

from collections.abc import Sequence

from services.usage.actions.ingest import count
from services.usage.domain.events import Address, ExternalId
from services.usage.domain.pending import ADDRESSES, AT_ONCE, BITE
from services.usage.domain.segment import GROUP, USER
from services.usage.domain.work_lists import RELEASE
from services.usage.store import ingest as ingest_store
from services.usage.store import locks
from services.usage.store import pending as pending_store
from services.usage.store import people as people_store
from shared.platform.db import Conn


async def release(conn: Conn, addresses: Sequence[Address]) -> None:
    """What waits under these addresses goes on: a few events now, many soon, bite by bite.

    Wants `lock_accounts`.
    """
    if rest := await _release(conn, addresses, AT_ONCE, AT_ONCE):
        await pending_store.add_due(conn, rest, RELEASE)


async def release_more(conn: Conn) -> None:
    """The next bite of what is due; every address has its share of it."""
    await locks.lock_accounts_shared(conn)
    addresses = await pending_store.due(conn, ADDRESSES)
    if addresses:
        rest = set(await _release(conn, addresses, BITE // len(addresses), BITE))
        await pending_store.remove_due(conn, [each for each in addresses if each not in rest])


async def _release(conn: Conn, addresses: Sequence[Address], each: int, most: int) -> list[Address]:
    """Take so many events of each address and not more in all; the addresses that have more."""
    groups = await _groups(conn, addresses)
    targets = {address: groups.get(address, address) for address in addresses}
    account_ids = await ingest_store.accounts_of(conn, list(set(targets.values())))
    accounts = {
        address: account_ids[target] for address, target in targets.items() if target in account_ids
    }
    events = await pending_store.take(conn, accounts, each, most)
    if events:
        await count(conn, await ingest_store.time_zone(conn, "UTC"), events, accounts)
    waiting = {
        address: target.external
        for address, target in groups.items()
        if address not in accounts and target.external is not None
    }
    moves = await pending_store.move(conn, waiting, each, most) if waiting else 0
    if max(len(events), moves) < each:
        return []
    return await pending_store.occupied(conn, [*accounts, *waiting])


async def _groups(conn: Conn, addresses: Sequence[Address]) -> dict[Address, Address]:
    """Where events lead that wait for people: to the group that the person joined first."""
    users = {
        address.external.id: address
        for address in addresses
        if address.external is not None and address.external.source == USER
    }
    people = await people_store.people(conn, list(users)) if users else []
    return {
        users[each.name]: Address(external=ExternalId(GROUP, each.first_group))
        for each in people
        if each.first_group is not None
    }
