"""Batches from outside: exact receipts whatever the bytes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.rows import Row, parse
from shared.platform.auth import Principal
from shared.vocabulary.errors import InvalidInput


class Visit(Row):
    id: str
    pages: int
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])


CALLER = Principal(uuid4(), "test", ("ingest",))
HISTORIAN = Principal(uuid4(), "test", ("ingest", "admin"))


def fields(body: bytes, caller: Principal = CALLER) -> tuple[list[int], dict[int, str | None]]:
    good, bad = parse(body, Visit, caller)
    return [row.number for row in good], {receipt.row: receipt.field for receipt in bad}


def test_a_broken_row_does_not_break_its_neighbours() -> None:
    rows = [
        b'{"id":"a","pages":1}',
        b'{"id":"b","pages":NaN}',
        b'{"id":"c","pages":"two"}',
        b'{"id":"\xff","pages":1}',
        b'{"id":"e","pages":1,"tags":{"x":"' + b"y" * 40_000 + b'"}}',
        b'{"pages":1}',
        b'{"id":"g","pages":1,"extra":1}',
        b"7",
        b"",
        b'{"id":"k","pages":1,}',
        b'{"id":"l","pages":}',
        b'{"id":"m" "pages":1}',
        b'{"id":"i","pages":1,"tags":{"k":"\\u0000"}}',
        b'{"id":"j","pages":9}',
    ]
    good, bad = fields(b"[" + b",".join(rows) + b"]")

    assert good == [0, 13]
    assert bad == {
        1: "row", 2: "pages", 3: "row", 4: "row", 5: "id", 6: "extra", 7: "row", 8: "row",
        9: "row", 10: "row", 11: "row", 12: "tags.k",
    }  # fmt: skip


def test_a_receipt_names_field_value_and_what_is_allowed() -> None:
    _, (receipt,) = parse(b'[{"id":"a","pages":"two"}]', Visit, CALLER)

    assert (receipt.field, receipt.value, receipt.status, receipt.id) == (
        "pages", "'two'", "rejected", "a",
    )  # fmt: skip
    assert receipt.message == "allowed: a whole number"


BROKEN = [
    (b"", "truncated"),
    (b"{}", "Expected `array`"),
    (b"nonsense", "malformed"),
    (b'{"id":1}', "Expected `array`"),
    (b"[[[", "truncated"),
    (b'["', "truncated"),
    (b'[{"id":"a","pages":1},{"id":"b","pages":]', "byte 40"),
    (b'[{"id":"a","pages":1} {"id":"b","pages":1}]', "row 0"),
    (b'[{"id":"a","pages":1}][]', "malformed"),
]


@pytest.mark.parametrize(("body", "where"), BROKEN)
def test_what_is_no_array_is_refused_as_a_whole_with_the_place_and_a_way_out(
    body: bytes, where: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(body, Visit, CALLER)
    assert refused.value.field == "body"
    assert where in refused.value.value
    assert "application/x-ndjson" in refused.value.allowed


def test_line_by_line_a_broken_line_costs_itself_only() -> None:
    lines = [
        b'{"id":"a","pages":1}',
        b'{"id":"b","pages":',
        b'{"id":"c","pages":1}{"id":"c","pages":1}',
        b'{"id":"d","pages":1},',
        b'["id"]',
        b'{"id":"f","pages":"two"}',
        b'{"id":"g","pages":1,"tags":{"k":"\xff"}}',
        b'{"id":"h","pages":1,"recordedAt":"2026-01-02 03:04:05+00"}\r',
        b' {"id":"i","pages":9} ',
    ]
    body = b"\n" + b"\n\n".join(lines) + b"\n"

    good, bad = parse(body, Visit, HISTORIAN, by_line=True)

    assert [(row.number, row.row.id) for row in good] == [(0, "a"), (7, "h"), (8, "i")]
    assert [(each.row, each.field, each.id) for each in bad] == [
        (1, "row", "b"), (2, "row", "c"), (3, "row", "d"), (4, "row", None), (5, "pages", "f"),
        (6, "row", "g"),
    ]  # fmt: skip
    assert parse(b"", Visit, CALLER, by_line=True) == ([], [])
    with pytest.raises(InvalidInput, match="5001 rows"):
        parse(b'{"id":"a","pages":1}\n' * 5_001, Visit, CALLER, by_line=True)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(noise: bytes) -> None:
    for body in (noise, b"[" + noise + b"]", b'[{"id":"a","pages":1},' + noise + b"]"):
        for by_line in (False, True):
            with suppress(InvalidInput):
                parse(body, Visit, CALLER, by_line=by_line)


def test_history_needs_the_admin_scope_and_a_past_moment() -> None:
    past = (datetime.now(UTC) - timedelta(days=900)).isoformat()
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = msgspec.json.encode(
        [{"id": "a", "pages": 1, "recordedAt": moment} for moment in (past, future)]
    )
    assert fields(body, CALLER) == ([], {0: "recordedAt", 1: "recordedAt"})
    assert fields(body, HISTORIAN) == ([0], {1: "recordedAt"})


ROWS = st.sampled_from([
    b'{"id":"a","pages":1}',
    b' {"id":"b","pages":2,"tags":{"k":"v"}} ',
    b'{"id":"c","pages":"two"}',
    b'{"id":"d","pages":1,"tags":{"k":"\\u0000"}}',
    b'{"id":"e","pages":1,"tags":{"k":"\\\\u0000"}}',
    b'{"id":"f","pages":1,"tags":{"k":"' + b"y" * 33_000 + b'"}}',
    b'{"id":"g","pages":1,"tags":{"k":"' + b"y" * 20_000 + b'"}}',
    b'{"id":"\xff","pages":1}',
    b'{"id":"h","pages":1,"recordedAt":"2026-01-02T03:04:05Z"}',
    b'{"id":"i","pages":1,"recordedAt":"2999-01-02T03:04:05Z"}',
    b'{"id":"j","pages":1e400}',
])  # fmt: skip


@given(st.lists(ROWS, max_size=8), st.sampled_from([CALLER, HISTORIAN]))
def test_a_row_is_read_in_company_as_it_is_alone(rows: list[bytes], caller: Principal) -> None:
    """All good ones are read in one go, others one by one: nobody can tell which."""
    together = fields(b"[" + b",".join(rows) + b"]", caller)
    good, bad = parse(b"\n".join(rows), Visit, caller, by_line=True)
    by_line = [row.number for row in good], {receipt.row: receipt.field for receipt in bad}
    alone = [fields(b"[" + row + b"]", caller) for row in rows]

    assert (
        together
        == by_line
        == (
            [number for number, (good, _) in enumerate(alone) if good],
            {number: bad[0] for number, (_, bad) in enumerate(alone) if bad},
        )
    )
