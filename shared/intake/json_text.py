"""JSON from outside, cut into raw parts, so that one hostile part does not spoil the others."""

import json
import re

import msgspec

MAX_STEPS = 250_000
"""A body that is cut by hand is refused beyond so many, within a second."""
# A string that is never closed goes on to the end; possessive, so that it costs one pass.
STRING = rb'"(?:[^"\\]++|\\.)*+"?'
FLAT = rb'[\[{](?:[^"\[\]{}]++|%s)*+[\]}]' % STRING
SHALLOW = rb'[\[{](?:[^"\[\]{}]++|%s|%s)*+[\]}]' % (STRING, FLAT)
# What changes no depth is passed over in one go: up to the next comma, or commas and all.
ITEM = re.compile(rb'(?:[^,"\[\]{}]++|%s|%s)*+' % (STRING, SHALLOW), re.DOTALL)
INSIDE = re.compile(rb'(?:[^"\[\]{}]++|%s|%s)*+' % (STRING, SHALLOW), re.DOTALL)
RUN = re.compile(
    rb"(?:[\[{]\s*+(?:%s\s*+:\s*+)?+){1,500}+|[\]}](?:\s*+[\]}])*+" % STRING, re.DOTALL
)
"""Brackets that open one after the other, with their names between them, or that close."""
TEXT = re.compile(STRING, re.DOTALL)
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


def has_lost_comma(part: bytes) -> bool:
    """Whether another object follows without a comma between: two rows that look like one."""
    text = part.decode(errors="replace").strip()
    try:
        _, end = LENIENT.raw_decode(text)
    except (RecursionError, ValueError):
        return False
    return text[end:].lstrip().startswith("{")


def _split(text: bytes, opening: bytes, problem: Exception) -> list[bytes]:
    """What stands between the commas of the one array or object that the text is.

    The parsers at hand give up the whole for a half surrogate, or for nesting deeper than they
    reach, in one of its parts.
    """
    parts: list[bytes] = []
    at = start = len(text) - len(text.lstrip()) + len(opening)
    depth = int(text.lstrip().startswith(opening))
    for _ in range(MAX_STEPS if depth else 0):
        skipped = (ITEM if depth == 1 else INSIDE).match(text, at)
        at = skipped.end() if skipped else at
        if text[at : at + 1] == b",":
            parts.append(text[start:at].strip())
            at = start = at + 1
            continue
        run = RUN.match(text, at)
        if run is None:
            break
        depth, at = depth + _steps(run[0]), run.end()
        if depth <= 0:
            parts.append(text[start : at - 1].strip())
            start = at
            break
    if depth or not parts or text[start:].strip():
        raise NotJson(str(problem)) from problem
    return parts


def _steps(run: bytes) -> int:
    """How much deeper a run of opening brackets leads, their names between them, or back."""
    marks = TEXT.sub(b"", run) if b'"' in run else run
    return marks.count(b"[") + marks.count(b"{") - marks.count(b"]") - marks.count(b"}")


def _text(name: bytes) -> str:
    return str(LENIENT.decode(name.decode(errors="replace")))
