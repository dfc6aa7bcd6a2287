"""Places in the log as partners see them: sealed, so that they do not tell of other tenants."""

import base64
import binascii
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.platform.config import Settings
from shared.vocabulary.errors import InvalidInput


class Cursors:
    """Seals positions for one tenant; the same position always gives the same cursor."""

    def __init__(self, settings: Settings) -> None:
        self._sealer = AESSIV(bytes.fromhex(settings.derived("cursor")))

    def seal(self, tenant_id: UUID, position: int) -> str:
        """The cursor of a position."""
        sealed = self._sealer.encrypt(position.to_bytes(8), [tenant_id.bytes])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, tenant_id: UUID, cursor: str) -> int:
        """The position of a cursor; InvalidInput when it was not given to this tenant."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            return int.from_bytes(self._sealer.decrypt(raw, [tenant_id.bytes]))
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise InvalidInput("after", cursor, "a cursor given to this tenant") from error
