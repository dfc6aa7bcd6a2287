"""The opaque ids of the public API, and the ways an account may be named in a row."""

import base64
import binascii
from functools import lru_cache
from uuid import UUID

from shared.vocabulary.errors import InvalidInput

UUID_LENGTH = 36


def global_id(kind: str, key: UUID) -> str:
    """The opaque id of an object."""
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def parse_id(text: str, kind: str | None = None, argument: str = "id") -> tuple[str, UUID]:
    """Type and key of a global id; a plain uuid is taken where the type is known."""
    plain = _uuid(text) if kind is not None else None
    if kind is not None and plain is not None:
        return kind, plain
    try:
        padded = text + "=" * (-len(text) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(argument, text, "an id given by this API") from error
    type_name, _, rest = raw.partition(":")
    key = _uuid(rest)
    if key is None:
        raise InvalidInput(argument, text, "an id given by this API")
    if kind is not None and type_name != kind:
        raise InvalidInput(argument, text, f"the id of a {kind}, not of a {type_name}")
    return type_name, key


@lru_cache(maxsize=10_000)
def account_key(text: str, argument: str = "accountId") -> UUID:
    """The account a row speaks of: a uuid or a global id."""
    return parse_id(text, "Account", argument)[1]


def _uuid(text: str) -> UUID | None:
    """Only the usual form with hyphens: `UUID()` itself takes braces, urn: and more."""
    if len(text) != UUID_LENGTH:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
