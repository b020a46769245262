"""JSON whose values can be stored and written back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.records.json_values import parse_json, unescape_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_values_come_back(value: JSONValue, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only)) == value


def test_what_cannot_be_stored_is_replaced_everywhere() -> None:
    source = r'{"a\u0000": ["\ud800", {"b": "\udfff!"}], "c": 1}'
    assert parse_json(source) == {"a\ufffd": ["\ufffd", {"b": "\ufffd!"}], "c": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", r"not JSON (Expecting property name enclosed in double quotes at column 2)"),
        ("[1,\n2,,]", r"not JSON (Expecting value at column 3 of line 2)"),
        ("NaN", "not JSON (the number NaN)"),
        ("[-Infinity]", "not JSON (the number -Infinity)"),
        ("1e999", "number too large (1e999)"),
    ],
)
def test_reasons(data: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole reason follows
        parse_json(data)
    assert str(caught.value) == reason


def test_the_largest_number_is_kept() -> None:
    assert parse_json("1.7976931348623157e308") == 1.7976931348623157e308
    assert math.isclose(float(str(parse_json("-0.1"))), -0.1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r'{"a": "Gr\u00f6\u00dfe"}', '{"a": "Größe"}'),
        (r'"\ud83d\ude00 \/ \n\t."', '"😀 /   ."'),
        (r'"\\u00f6 \\\u00f6"', r'"\\u00f6 \\ö"'),
        (r'"\u0022 \u005c \ud800 \u0000"', '"\\" \\\\ \ufffd  "'),
        ("plain", "plain"),
    ],
)
def test_escapes_are_resolved_for_people(source: str, expected: str) -> None:
    assert unescape_json(source) == expected
