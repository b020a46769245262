"""JSON whose values can be stored and written back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.records.json_values import parse_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_values_come_back(value: JSONValue, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def test_what_cannot_be_stored_is_replaced_everywhere() -> None:
    source = rb'{"a\u0000": ["\ud800", {"b": "\udfff!"}], "c": 1}'
    assert parse_json(source) == {"a\ufffd": ["\ufffd", {"b": "\ufffd!"}], "c": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", r"not JSON (Expecting property name enclosed in double quotes at column 2)"),
        (b"[1,\n2,,]", r"not JSON (Expecting value at column 3 of line 2)"),
        (b"NaN", "not JSON (the number NaN)"),
        (b"[-Infinity]", "not JSON (the number -Infinity)"),
        (b"1e999", "number too large (1e999)"),
        (b'"\xe9"', "not UTF-8 (byte 0xE9 at offset 1); convert it, for instance with: iconv -f WINDOWS-1252 -t UTF-8"),
    ],
)
def test_reasons(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole reason follows
        parse_json(data)
    assert str(caught.value) == reason


def test_the_largest_number_is_kept() -> None:
    assert parse_json(b"1.7976931348623157e308") == 1.7976931348623157e308
    assert math.isclose(float(str(parse_json(b"-0.1"))), -0.1)
