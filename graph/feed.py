"""The risk service's log as the gateway reads it: pages for the feed, a stream to subscribe to."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import nullcontext

import aiohttp
import msgspec

from shared.platform.auth import Principal
from shared.platform.gates import Gate
from shared.process.facts import LogEntry
from shared.process.rpc import Rpc
from shared.vocabulary.errors import ServiceUnavailable

PAGE = 100
WAIT_S = 20.0
TYPES = "RiskUpdated"
log = logging.getLogger(__name__)


async def page(
    rpc: Rpc, gate: Gate, principal: Principal, after: int, limit: int, wait_s: float
) -> list[LogEntry]:
    """The tenant's risk updates behind a position, waiting up to `wait_s` for the first."""
    who = principal.tenant_id, principal.subject
    with gate.enter(*who) if wait_s else nullcontext():
        return await _page(rpc, principal, after, limit, wait_s)


async def _page(
    rpc: Rpc, principal: Principal, after: int, limit: int, wait_s: float
) -> list[LogEntry]:
    query = {"after": str(after), "limit": str(limit), "wait_s": str(wait_s), "types": TYPES}
    reply = await _read(rpc, principal, "/log", query, wait_s)
    return msgspec.msgpack.decode(reply, type=list[LogEntry])


async def end(rpc: Rpc, principal: Principal) -> int:
    """The newest position: where a subscription without a cursor begins."""
    return int(await _read(rpc, principal, "/log/end"))


async def _read(
    rpc: Rpc,
    principal: Principal,
    path: str,
    query: Mapping[str, str] | None = None,
    wait_s: float = 0,
) -> bytes:
    url, headers = f"{rpc.address('risk')}{path}", rpc.headers(principal)
    timeout = aiohttp.ClientTimeout(total=wait_s + 5)
    try:
        async with rpc.session.get(url, params=query, headers=headers, timeout=timeout) as response:
            if response.status != 200:
                raise ServiceUnavailable(f"the risk service answered {response.status}")
            return await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ServiceUnavailable("the risk service does not answer") from error


async def follow(
    rpc: Rpc, gate: Gate, principal: Principal, after: int
) -> AsyncGenerator[LogEntry]:
    """Everything behind a position, then what comes; outlives restarts of the risk service."""
    with gate.enter(principal.tenant_id, principal.subject):
        while True:
            try:
                entries = await _page(rpc, principal, after, PAGE, WAIT_S)
            except ServiceUnavailable as error:
                log.info("the risk feed waits: %s", error)
                await asyncio.sleep(0.5)
                continue
            for entry in entries:
                yield entry
                after = entry.position
