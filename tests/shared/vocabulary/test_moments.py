"""Moments: every door takes the same ones, reads them as the same, and refuses the rest alike."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TypeAlias
from uuid import uuid4

import msgspec
import pytest
from click import BadParameter
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.replay import AMoment
from infra.loading.events import Reading
from services.usage.domain.events import EventRow
from services.usage.domain.segment import read_batch
from shared.graphql.scalars import aware
from shared.intake.rows import Row, parse
from shared.platform.auth import SCOPES, Principal
from shared.vocabulary.errors import InvalidInput, clip
from shared.vocabulary.moments import ALLOWED, Moment, in_calendar, moment

HALF_PAST = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
WRITTEN = {
    "2026-11-01T09:30:00Z": HALF_PAST,
    "2026-11-01t09:30:00z": HALF_PAST,
    "2026-11-01 09:30:00+00": HALF_PAST,
    "2026-11-01 09:30:00+00:00": HALF_PAST,
    "2026-11-01 09:30:00-0000": HALF_PAST,
    "2026-11-01 09:30:00 UTC": HALF_PAST,
    "2026-11-01 09:30:00 GMT": HALF_PAST,
    "2026-11-01 09:30:00.000 +0000": HALF_PAST,
    "2026-11-01 09:30:00.000000 Z": HALF_PAST,
    "2026-11-01T09:30:00,000Z": HALF_PAST,
    "2026-11-01T09:30Z": HALF_PAST,
    "2026-11-01 15:00+05:30": HALF_PAST,
    "2026-11-01 00:30-09": HALF_PAST,
    " 2026-11-01T09:30:00Z ": HALF_PAST,
    "2026-11-01T09:30:00.123456789Z": HALF_PAST + timedelta(microseconds=123_457),
    "1793525400": HALF_PAST,
    "1793525400.000": HALF_PAST,
    " 1793525400000 ": HALF_PAST,
    "100000000": datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC),
    "2026-11-01": datetime(2026, 11, 1, tzinfo=UTC),
    "1900-01-01T00:00:00+14:00": datetime(1900, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    "2199-12-31T23:59:59.5-14:00": datetime(
        2199, 12, 31, 23, 59, 59, 500_000, timezone(timedelta(hours=-14))
    ),
}
REFUSED = [
    "", "now", "2026-11-01T09:30:00", "2026-11-01 09:30", "2026-11-01Z",
    "2026-02-30T00:00:00Z", "2026-11-01T24:00:00Z", "2026-11-01T09:30:60Z", "2026-11-01T9:30:00Z",
    "2026-11-01T09:30:00+24:00", "2026-11-01T09:30:00+1", "2026-11-01T09:30:00 am+0400",
    "01.11.2026 09:30:00Z", "20261101T093000Z", "2026-W45-1T09:30:00Z",
    "0", "-1793525400", "99999999", "20261101", "202611010930", "20261101093000", "9999999999",
    "7258118400000", "1793525400000000", "1.7935254e9", "1_793_525_400", "0x6ae5dd58",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "1899-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999Z",
    "2026-11-01T09:30:00\N{ARABIC-INDIC DIGIT ONE}Z", "2026-11-01T09:30:00Z\0",
]  # fmt: skip


class Timed(Row):
    at: Moment


LOADER = Principal(uuid4(), "loader", SCOPES)
Read: TypeAlias = datetime | None
"""What a door makes of a text; none where it refuses it."""


def refusing(kind: type[Exception], door: Callable[[], datetime]) -> Read:
    """What the door makes of it; it may refuse in one way only, and says what is allowed."""
    try:
        return door()
    except kind as error:
        if ALLOWED not in str(error):
            raise
        return None


def by_row(text: str) -> Read:
    body = msgspec.json.encode([{"at": text}])
    alone, bad = parse(body, Timed, LOADER)
    in_company, _ = parse(body[:-1] + b',{"at":7}]', Timed, LOADER)
    lines, _ = parse(body[1:-1], Timed, LOADER, by_line=True)
    moments = {line.row.at for rows in (alone, in_company, lines) for line in rows}
    assert len(moments) <= 1
    if not moments:
        assert (bad[0].field, bad[0].value) == ("at", clip(text))
        assert (bad[0].message or "").endswith(ALLOWED)
    return moments.pop() if moments else None


def by_graph(text: str) -> Read:
    return refusing(GraphQLError, lambda: aware(text))


def by_command(text: str) -> Read:
    return refusing(BadParameter, lambda: AMoment().convert(text, None, None))


def by_segment(text: object) -> Read:
    message = {"type": "track", "userId": "ann", "event": "x", "timestamp": text}
    batch = read_batch(msgspec.json.encode({"batch": [message]}))
    if batch.rejections:
        assert (batch.rejections[0].field, batch.rejections[0].value) == ("timestamp", clip(text))
        return None
    moment = batch.messages[0].row.timestamp
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def by_file(text: object) -> Read:
    row = Reading().row({"feature": "f", "occurredAt": text, "accountId": f"{uuid4()}"}, "1")
    (good, bad) = parse(msgspec.json.encode([row]), EventRow, LOADER)
    assert good or bad[0].field == "occurredAt"
    return good[0].row.occurred_at if good else None


WITH_ZONE: list[Callable[[str], Read]] = [by_row, by_graph, by_command]
IN_UTC: list[Callable[[str], Read]] = [by_segment, by_file]
"""Doors that say which zone is meant by a text without one."""


def read(text: str, zone: tzinfo | None = None) -> Read:
    return refusing(InvalidInput, lambda: moment(text, "at", zone))


@pytest.mark.parametrize("text", WRITTEN)
def test_a_moment_is_read_alike_at_every_door(text: str) -> None:
    assert {door(text) for door in WITH_ZONE + IN_UTC} == {WRITTEN[text]}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_moment_is_refused_alike_at_every_door(text: str) -> None:
    assert {door(text) for door in WITH_ZONE} == {None}
    assert {door(text) for door in IN_UTC} == {read(text, UTC)}


PARTS = st.tuples(
    st.sampled_from(["2026-11-01", "2026-2-1", "1900-01-01", "2199-12-31", "0001-01-01"]),
    st.sampled_from(["T", "t", " ", "  ", ""]),
    st.sampled_from(["09:30", "23:59:59", "24:00", "9:30", "00:00:60", ""]),
    st.sampled_from(["", ".5", ",25", ".1234567", "."]),
    st.sampled_from(["", " "]),
    st.sampled_from(["Z", "z", "UTC", "utc", "+00", "-0530", "+14:00", "-23:59", "+24:00", ""]),
)


@given(PARTS.map("".join) | st.text("0123456789-:TZ +.", max_size=30))
def test_all_doors_agree(text: str) -> None:
    assert {door(text) for door in WITH_ZONE} == {read(text)}
    if text:  # an empty cell of a file is no value at all
        assert {door(text) for door in IN_UTC} == {read(text, UTC)}


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_what_the_fast_reader_takes_is_read_as_the_same(moment: datetime) -> None:
    text = moment.isoformat()
    try:
        fast = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return
    assert read(text, UTC) == (
        fast.replace(tzinfo=fast.tzinfo or UTC) if in_calendar(fast) else None
    )


@pytest.mark.parametrize("number", [1793525400, 1793525400.0, 1793525400_000])
def test_a_number_is_unix_seconds_or_milliseconds(number: float) -> None:
    body = msgspec.json.encode([{"at": number}])
    (row,), _ = parse(body, Timed, LOADER)
    assert row.row.at == aware(number) == by_segment(number) == HALF_PAST
    assert by_file(number) == HALF_PAST


@pytest.mark.parametrize(
    "value",
    [None, 7, 1.5, True, 0, -1793525400, 20261101, 1e400, 9**400, [], {}, b"2026-11-01T09:30:00Z"],
)
def test_nothing_else_names_a_moment(value: object) -> None:
    with pytest.raises(InvalidInput):
        moment(value, "at", UTC)
