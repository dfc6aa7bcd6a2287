"""Parameters from outside, in a query, a path or a header: one parser, which refuses by name."""

import re
from collections.abc import Mapping

from shared.vocabulary.errors import InvalidInput

WHOLE = re.compile(r"[0-9]{1,18}")
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
WORDS = re.compile(r"[A-Za-z,]{0,1000}")
PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def whole(values: Mapping[str, str], name: str, minimum: int, maximum: int, *, default: int) -> int:
    """A whole number within bounds; other digits than 0 to 9 are none."""
    text = values.get(name)
    if text is None:
        return default
    if not WHOLE.fullmatch(text) or not minimum <= int(text) <= maximum:
        raise InvalidInput(name, text, f"a whole number from {minimum} to {maximum}")
    return int(text)


def seconds(values: Mapping[str, str], name: str, maximum: float, *, default: float) -> float:
    """A time to wait, in seconds."""
    text = values.get(name)
    if text is None:
        return default
    if not SECONDS.fullmatch(text) or float(text) > maximum:
        raise InvalidInput(name, text, f"a number of seconds from 0 to {maximum:g}")
    return float(text)


def words(values: Mapping[str, str], name: str) -> list[str]:
    """Names with commas between them; none by default."""
    text = values.get(name, "")
    if not WORDS.fullmatch(text):
        raise InvalidInput(name, text, "names of letters, with commas between them")
    return [word for word in text.split(",") if word]


def plain(values: Mapping[str, str], name: str) -> str:
    """A short text that can be read."""
    text = values[name]
    if not PLAIN.fullmatch(text):
        raise InvalidInput(name, text, "1 to 200 characters, none of them a control character")
    return text
