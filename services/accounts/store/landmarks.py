"""What the model learns from: features at landmarks, and spells under contract."""

from datetime import datetime
from pathlib import Path

from shared.platform.db import Conn, to
from shared.vocabulary import signal
from shared.vocabulary.landmark import FeatureRow, Half, Landmark, Spell
from shared.vocabulary.signal import Signal

HERE = Path(__file__).parent
FEATURES = (HERE / "features.sql").read_text()
SPELLS = (HERE / "spells.sql").read_text()
DICTIONARY = signal.read(HERE / "features.csv")


async def features(
    conn: Conn, landmarks: list[Landmark], half: Half | None = None
) -> list[FeatureRow]:
    """One row for each landmark, in order; of accounts not known yet every feature is None."""
    rows = await conn.fetch(
        FEATURES, [mark.account_id for mark in landmarks], [mark.as_of for mark in landmarks], half
    )
    return [row["features"] for row in rows]


async def dictionary(conn: Conn) -> list[Signal]:
    """What each column of `features` means."""
    return DICTIONARY


async def spells(conn: Conn, recorded_before: datetime) -> list[Spell]:
    """Every account's spells as far as was known, in order of account and start."""
    rows = await conn.fetch(SPELLS, recorded_before)
    return [to(Spell, row) for row in rows]
