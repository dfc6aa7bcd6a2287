"""JSON cut into raw parts: where a parser would cut, also where none at hand can read a part."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.json_text import NotJson, has_lost_comma, items, members

VALUES = st.recursive(
    st.integers() | st.text() | st.floats() | st.none() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=9,
)
DEEP = b"[" * 5_000 + b'"],[{"' + b"]" * 5_000


@given(st.lists(VALUES, max_size=5), st.booleans())
def test_items_are_cut_where_a_parser_would(values: list[object], deep: bool) -> None:
    texts = [json.dumps(value).encode() for value in values] + [DEEP] * deep
    cut = items(b" [ " + b" ,\n".join(texts) + b" ] ")

    assert cut == texts
    assert not any(map(has_lost_comma, cut))


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.booleans())
def test_members_are_cut_where_a_parser_would(values: dict[str, object], deep: bool) -> None:
    texts = {name: json.dumps(value).encode() for name, value in values.items()}
    texts |= {"deep": DEEP} if deep else {}
    pairs = [json.dumps(name).encode() + b" : " + text for name, text in texts.items()]

    assert members(b"{" + b" , ".join(pairs) + b"}") == texts


NO_ARRAYS = [b"", b"7", b"[", b"]", b"[]]", b"[1]2", b'"[]"', b'[NaN,"', b"{}"]


@pytest.mark.parametrize("text", NO_ARRAYS)
def test_what_is_no_array_is_told(text: bytes) -> None:
    with pytest.raises(NotJson, match=r"\w"):
        items(text)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(noise: bytes) -> None:
    hostile = b'[NaN,"\\ud800",%s]' % noise
    for text in (noise, b"[%s]" % noise, b"{%s}" % noise, hostile):
        for cut in (items, members):
            with suppress(NotJson):
                cut(text)


NESTS = [
    b"[" * 4_000_000 + b"]" * 4_000_000,
    b'{"a":' * 1_300_000 + b"1" + b"}" * 1_300_000,
    b"[" + b"[[]]," * 900_000 + b"[]]",
    b'["\\ud800' + b'\\"],' * 900_000 + b'"]',
]


@pytest.mark.parametrize("nest", NESTS, ids=lambda nest: nest[:6].decode())
def test_nesting_costs_its_bytes_and_never_its_neighbours(nest: bytes) -> None:
    start = time.process_time()
    assert items(b'["\\ud800",%s,7]' % nest) == [b'"\\ud800"', nest, b"7"]
    assert time.process_time() - start < 0.5 * len(nest) / 1e6
