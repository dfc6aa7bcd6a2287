"""JSON from outside, cut into raw parts, so that one hostile part does not spoil the others."""

import json
import re
from itertools import islice

import msgspec

MAX_TOKENS = 2_000_000
"""A body that is cut by hand is refused beyond so many, within a second or two."""
# A string that is never closed goes on to the end; possessive, so that it costs one pass.
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
MEMBER = re.compile(rb'("(?:[^"\\]|\\.)*+")\s*:\s*(.*)', re.DOTALL)
# Knows NaN, bare control characters and halves of surrogates, and spends nothing on numbers.
LENIENT = json.JSONDecoder(strict=False, parse_int=len, parse_float=len)


class NotJson(ValueError):
    """The text is no JSON; the message says where."""


def lines(body: bytes) -> list[bytes]:
    """Every line that holds something: a row each."""
    return [line for line in body.split(b"\n") if line.strip()]


def items(array: bytes) -> list[bytes]:
    """The items of an array, whatever they hold."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(array, type=list[msgspec.Raw])]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _split(array, b"[", error)


def members(obj: bytes) -> dict[str, bytes]:
    """The values of an object by name, whatever they hold."""
    try:
        values = msgspec.json.decode(obj, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        matches = [MEMBER.fullmatch(part) for part in _split(obj, b"{", error)]
        return {_text(match[1]): match[2] for match in matches if match}
    return {name: bytes(raw) for name, raw in values.items()}


def fault(part: bytes) -> str | None:
    """Where a part is no JSON even by the widest reading; nesting without end counts as JSON."""
    try:
        LENIENT.decode(part.decode(errors="replace"))
    except RecursionError:
        return None
    except ValueError as error:
        return str(error)
    return None


def _split(text: bytes, opening: bytes, problem: Exception) -> list[bytes]:
    """What stands between the commas of the one array or object that the text is.

    The parsers at hand give up the whole for a half surrogate, or for nesting deeper than they
    reach, in one of its parts.
    """
    parts: list[bytes] = []
    depth = start = 0
    for token in islice(TOKEN.finditer(text), MAX_TOKENS):
        mark = token[0]
        depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
        if depth == 1 and mark in (b"[", b"{"):
            start = token.end()
        elif depth == 0 or (depth == 1 and mark == b","):
            parts.append(text[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            break
    if depth or text[start:].strip() or not text.lstrip().startswith(opening):
        raise NotJson(str(problem)) from problem
    return parts


def _text(name: bytes) -> str:
    return str(LENIENT.decode(name.decode(errors="replace")))
