"""What the model is told: features at landmarks, and spells under contract."""

from datetime import datetime
from functools import cache
from pathlib import Path

from shared.platform.db import Conn, to
from shared.vocabulary import signal
from shared.vocabulary.landmark import FeatureRow, Half, Landmark, Spell
from shared.vocabulary.signal import Signal

FOLDER = Path(__file__).resolve().parent
DICTIONARY = signal.read(FOLDER / "features.csv")


async def features(
    conn: Conn, landmarks: list[Landmark], half: Half | None = None
) -> list[FeatureRow]:
    """One row for each landmark, in order; of accounts not known yet every feature is None."""
    rows = await conn.fetch(
        _sql("features.sql"),
        [landmark.account_id for landmark in landmarks],
        [landmark.as_of for landmark in landmarks],
        half,
    )
    return [row["features"] for row in rows]


async def dictionary(conn: Conn) -> list[Signal]:
    """What each column of `features` means."""
    return DICTIONARY


async def spells(conn: Conn, recorded_before: datetime) -> list[Spell]:
    """Every account's spells as far as was known, in order of account and start."""
    rows = await conn.fetch(_sql("spells.sql"), recorded_before)
    return [to(Spell, row) for row in rows]


@cache
def _sql(name: str) -> str:
    return (FOLDER / name).read_text()
