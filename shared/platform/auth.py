"""Who asks: principals, the signed token between processes, and API keys."""

import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from shared.platform.config import Settings
from shared.platform.db import Conn, Database, to
from shared.platform.gates import Gate
from shared.platform.limits import UNKNOWN_KEYS
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound, NotPermitted, NotSignedIn
from shared.vocabulary.time_zone import check_time_zone

SCOPES = ("read", "ingest", "act", "ml", "partner", "admin")
TOKEN_LIFE_S = 120
NO_TENANT = UUID(int=0)
HEADER = "x-tenure-principal"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Principal:
    """A tenant's caller and what it may do; `system` is one of our own processes."""

    tenant_id: UUID
    subject: str
    scopes: tuple[str, ...]
    time_zone: str = "UTC"

    @property
    def is_system(self) -> bool:
        """Whether it is one of our own processes."""
        return "system" in self.scopes

    def may(self, scope: str) -> bool:
        """Whether it holds the scope; our own processes hold every one."""
        return scope in self.scopes or self.is_system

    def require(self, scope: str) -> None:
        if not self.may(scope):
            raise NotPermitted(
                f"this needs the scope '{scope}'; the key has: {', '.join(self.scopes) or 'none'}"
            )


def check_scopes(scopes: Iterable[str]) -> None:
    """ValueError for a scope that no key could hold."""
    for scope in scopes:
        if scope not in SCOPES:
            raise ValueError(f"there is no scope '{scope}'; there are {', '.join(SCOPES)}")


def system(tenant_id: UUID = NO_TENANT) -> Principal:
    """One of our own processes, acting for a tenant."""
    return Principal(tenant_id, "system", ("system",))


class Signer:
    """Seals a principal for the next process and opens what another one sealed."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.derived("principal").encode()

    def seal(self, principal: Principal, life_s: int = TOKEN_LIFE_S) -> str:
        body = msgspec.msgpack.encode((principal, int(time.time()) + life_s))
        return (self._mac(body) + body).hex()

    def open(self, token: str) -> Principal:
        try:
            raw = bytes.fromhex(token)
        except ValueError as error:
            raise NotPermitted("the principal is not readable") from error
        mac, body = raw[:32], raw[32:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise NotPermitted(
                "the principal is not signed by this installation (TENURE_SECRET differs?)"
            )
        principal, expires = msgspec.msgpack.decode(body, type=tuple[Principal, int])
        if expires < time.time():
            raise NotPermitted("the principal has expired")
        return principal

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: never its secret."""

    key_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


MAX_KEYS = 100
MAX_NAME_LENGTH = 200


def hash_key(key: str) -> bytes:
    """What is kept of a key; it carries 192 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant, and the time zone in which its days begin."""

    tenant_id: UUID
    name: str
    time_zone: str


async def create_tenant(conn: Conn, name: str, time_zone: str | None = None) -> UUID:
    """The tenant of that name, made if it does not exist. As the schema's owner.

    InvalidInput for a zone that does not exist, Conflict for one that an existing tenant is not in.
    """
    if time_zone is not None:
        check_time_zone(time_zone)
    await conn.execute(
        "INSERT INTO access.tenant (name, time_zone) VALUES ($1, coalesce($2, 'UTC'))"
        " ON CONFLICT (name) DO NOTHING",
        name,
        time_zone,
    )
    tenant_id = await find_tenant(conn, name)
    zone = await conn.fetchval(
        "SELECT time_zone FROM access.tenant WHERE tenant_id = $1", tenant_id
    )
    if time_zone not in (None, zone):
        raise Conflict(
            f"the tenant '{name}' is there, and its days begin in {zone}; the mutation "
            "tenantTimeZoneSet changes that as long as no use has been counted"
        )
    return tenant_id


async def set_time_zone(conn: Conn, time_zone: str) -> Tenant:
    """Let the days of the transaction's tenant begin in another zone."""
    row = await conn.fetchrow(
        "UPDATE access.tenant SET time_zone = $1 RETURNING tenant_id, name, time_zone", time_zone
    )
    if row is None:
        raise NotFound("there is no such tenant")
    return to(Tenant, row)


async def find_tenant(conn: Conn, name: str) -> UUID:
    """The tenant with that name or id; NotFound otherwise. As the schema's owner."""
    tenant_id: UUID | None = await conn.fetchval(
        "SELECT tenant_id FROM access.tenant WHERE name = $1 OR tenant_id::text = $1", name
    )
    if tenant_id is None:
        raise NotFound(f"there is no tenant '{name}'")
    return tenant_id


async def create_key(
    conn: Conn, tenant_id: UUID, name: str, scopes: tuple[str, ...]
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is shown this once and never kept."""
    if not 0 < len(name.strip()) <= MAX_NAME_LENGTH or "\0" in name:
        raise InvalidInput("name", name, f"1 to {MAX_NAME_LENGTH} characters, none of them NUL")
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidInput("scopes", scope, ", ".join(SCOPES))
    prefix = secrets.token_hex(4)
    secret = f"tnr_{prefix}_{secrets.token_urlsafe(24)}"
    row = await conn.fetchrow(
        "INSERT INTO access.api_key (tenant_id, name, prefix, hash, scopes)"
        " VALUES ($1, $2, $3, $4, $5)"
        " RETURNING key_id, name, prefix, scopes, created_at, revoked_at",
        tenant_id,
        name,
        prefix,
        hash_key(secret),
        list(dict.fromkeys(scopes)),
    )
    if row is None:
        raise Conflict("the key could not be kept")
    return to(ApiKey, row), secret


async def keys(conn: Conn) -> list[ApiKey]:
    """The tenant's keys, newest first."""
    rows = await conn.fetch(
        "SELECT key_id, name, prefix, scopes, created_at, revoked_at FROM access.api_key"
        " ORDER BY created_at DESC LIMIT $1",
        MAX_KEYS,
    )
    return [to(ApiKey, row) for row in rows]


async def revoke_key(conn: Conn, key_id: UUID) -> ApiKey:
    """The key as it was; it stops working within seconds."""
    row = await conn.fetchrow(
        "UPDATE access.api_key SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = $1"
        " RETURNING key_id, name, prefix, scopes, created_at, revoked_at",
        key_id,
    )
    if row is None:
        raise NotFound(f"there is no key {key_id}")
    return to(ApiKey, row)


class Keys:
    """API keys looked up at the gateway, and remembered for a few seconds.

    Who tries keys that nobody has does not keep those who have one from being looked up.
    """

    TRUST_S = 5.0
    MAX_ENTRIES = 10_000

    def __init__(self, db: Database) -> None:
        self._db = db
        self._holders: dict[bytes, tuple[float, Principal]] = {}
        self._strangers: dict[bytes, float] = {}
        self._first_time = Gate(UNKNOWN_KEYS)

    async def principal(self, key: str) -> Principal:
        """Who holds the key; NotSignedIn for unknown and revoked ones."""
        key_hash = hash_key(key)
        not_before = time.monotonic() - self.TRUST_S
        read_at, principal = self._holders.get(key_hash, (-math.inf, None))
        if read_at < not_before and self._strangers.get(key_hash, -math.inf) < not_before:
            async with nullcontext() if principal else self._first_time.turn():
                principal = await self._look_up(key_hash)
        if principal is None:
            raise NotSignedIn("this API key is unknown or revoked")
        return principal

    async def _look_up(self, key_hash: bytes) -> Principal | None:
        now = time.monotonic()
        async with self._db.read(None) as conn:
            row = await conn.fetchrow("SELECT * FROM access.key_holder($1)", key_hash)
        if row is None:
            self._holders.pop(key_hash, None)
            _remember(self._strangers, key_hash, now, self.MAX_ENTRIES)
            return None
        principal = Principal(
            row["tenant_id"], f"key:{row['key_id']}", tuple(row["scopes"]), row["time_zone"]
        )
        _remember(self._holders, key_hash, (now, principal), self.MAX_ENTRIES)
        return principal


def _remember(entries: dict[bytes, T], key_hash: bytes, entry: T, max_entries: int) -> None:
    """Keep the newest entries."""
    entries.pop(key_hash, None)
    if len(entries) >= max_entries:
        del entries[next(iter(entries))]
    entries[key_hash] = entry
