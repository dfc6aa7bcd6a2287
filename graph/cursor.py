"""Places in the log as partners see them: sealed, so that they do not tell of other tenants."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.platform.config import Settings
from shared.platform.db import Database, to
from shared.vocabulary.errors import InvalidInput

EPOCH_BITS = 16
"""Bits of a cursor that say after which restore of a backup its position was given; 0 is none."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A backup was restored that reached to this position; later ones were given anew."""

    restored_at: datetime
    epoch: int
    log_end: int


async def restores(db: Database) -> list[Restore]:
    """Every restore of this installation, in order; there is none while it runs."""
    async with db.read(None) as conn:
        rows = await conn.fetch("SELECT * FROM access.restore ORDER BY restored_at")
    return [to(Restore, row) for row in rows]


class Cursors:
    """Seals positions for one tenant; the same position always gives the same cursor."""

    def __init__(self, settings: Settings, restores: Sequence[Restore] = ()) -> None:
        self._sealer = AESSIV(bytes.fromhex(settings.derived("cursor")))
        self._restores = restores

    def seal(self, tenant_id: UUID, position: int) -> str:
        """The cursor of a position."""
        place = (self._epoch(position) << 64 - EPOCH_BITS) + position
        sealed = self._sealer.encrypt(place.to_bytes(8), [tenant_id.bytes])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, tenant_id: UUID, cursor: str) -> int:
        """The position of a cursor; InvalidInput when it was not given to this tenant, or speaks
        of what is gone since a backup was restored."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            place = int.from_bytes(self._sealer.decrypt(raw, [tenant_id.bytes]))
        except (binascii.Error, InvalidTag, ValueError) as error:
            raise InvalidInput("after", cursor, "a cursor given to this tenant") from error
        epoch, position = divmod(place, 1 << 64 - EPOCH_BITS)
        if epoch != self._epoch(position):
            ends = [r.log_end for r in self._restores if r.log_end < position]
            shared = min(ends, default=0)
            raise InvalidInput(
                "after",
                cursor,
                "a cursor of what is there: this one is from before a backup was restored, and"
                f" what followed it is gone; begin again with {self.seal(tenant_id, shared)}",
            )
        return position

    def _epoch(self, position: int) -> int:
        return next((r.epoch for r in reversed(self._restores) if r.log_end < position), 0)
