"""What the model learns from: features at landmarks."""

from pathlib import Path

from shared.platform.db import Conn
from shared.vocabulary import signal
from shared.vocabulary.landmark import FeatureRow, Half, Landmark
from shared.vocabulary.signal import Signal

HERE = Path(__file__).parent
FEATURES = (HERE / "features.sql").read_text()
DICTIONARY = signal.read(HERE / "features.csv")


async def features(
    conn: Conn, landmarks: list[Landmark], half: Half | None = None
) -> list[FeatureRow]:
    """What the model may know at each landmark, in order."""
    rows = await conn.fetch(
        FEATURES, [mark.account_id for mark in landmarks], [mark.as_of for mark in landmarks], half
    )
    return [dict(row) for row in rows]


async def dictionary(conn: Conn) -> list[Signal]:
    """What each column of `features` means."""
    return DICTIONARY
