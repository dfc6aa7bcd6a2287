"""Batches from outside: exact receipts whatever the bytes."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake import rows as ingest
from shared.intake.rows import Row
from shared.platform.auth import Principal
from shared.vocabulary.errors import InvalidInput


class Visit(Row):
    id: str
    pages: int
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])


CALLER = Principal(uuid4(), "test", ("ingest",))
HISTORIAN = Principal(uuid4(), "test", ("ingest", "admin"))


def fields(body: bytes, caller: Principal = CALLER) -> tuple[list[int], dict[int, str | None]]:
    good, bad = ingest.parsed(body, Visit, caller)
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
        b'{"id":"i","pages":1,"tags":{"k":"\\u0000"}}',
        b'{"id":"j","pages":9}',
    ]
    good, bad = fields(b"[" + b",".join(rows) + b"]")

    assert good == [0, 9]
    assert bad == {
        1: "row", 2: "pages", 3: "row", 4: "row", 5: "id", 6: "extra", 7: "row", 8: "row",
    }  # fmt: skip


def test_a_receipt_names_field_value_and_what_is_allowed() -> None:
    _, (receipt,) = ingest.parsed(b'[{"id":"a","pages":"two"}]', Visit, CALLER)

    assert (receipt.field, receipt.value, receipt.status, receipt.id) == (
        "pages", "'two'", "rejected", "a",
    )  # fmt: skip
    assert receipt.message is not None
    assert "int" in receipt.message


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b'{"id":1}', b"[[[", b'["'])
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        ingest.parsed(body, Visit, CALLER)
    assert refused.value.field == "body"


VALUES = st.recursive(st.integers() | st.text(), st.lists, max_leaves=9)


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6))
def test_scanning_cuts_where_a_parser_would(rows: list[dict[str, object]]) -> None:
    body = json.dumps(rows).encode()
    assert [json.loads(raw) for raw in ingest.scanned(body)] == rows


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(noise: bytes) -> None:
    for body in (noise, b"[" + noise + b"]", b'[{"id":"a","pages":1},' + noise + b"]"):
        try:
            ingest.parsed(body, Visit, CALLER)
        except InvalidInput:
            continue


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
    alone = [fields(b"[" + row + b"]", caller) for row in rows]

    assert together == (
        [number for number, (good, _) in enumerate(alone) if good],
        {number: bad[0] for number, (_, bad) in enumerate(alone) if bad},
    )
