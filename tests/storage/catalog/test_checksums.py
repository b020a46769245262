"""Hashes and checksums: fixed values, since every library that was ever written holds them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.checksums import content_hash, is_named, row_checksum, stream_hash, vector_checksum


def test_the_values_that_stored_libraries_hold() -> None:
    assert content_hash("naïve").hex() == "7b633f5f88cb0dd8617039f481fe52e9"
    assert vector_checksum(bytes(16), b"\0\0\x80?") == 2_184_195_835
    assert row_checksum("a", 1, None, b"\xff") == 4_093_463_907


@given(st.text())
def test_a_text_has_the_hash_of_its_utf_8(text: str) -> None:
    raw = text.encode()
    assert content_hash(text) == content_hash(raw)
    assert len(content_hash(raw)) == 16
    assert is_named(text, content_hash(raw))


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_stream_has_the_hash_of_its_bytes(size: int) -> None:
    data = b"7" * size
    assert stream_hash(io.BytesIO(data)) == content_hash(data)


def test_a_stream_is_hashed_from_where_it_stands() -> None:
    stream = io.BytesIO(b"head and tail")
    stream.seek(5)
    assert stream_hash(stream) == content_hash("and tail")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", content_hash("b")),
        (b"a", content_hash("a")),  # a text that a flipped bit turned into a blob
        ("a", None),
        (None, content_hash("a")),
        ("\udcff", content_hash(b"\xff")),  # invalid UTF-8, decoded to a lone surrogate
    ],
)
def test_damaged_columns_do_not_match(text: object, name: object) -> None:
    assert not is_named(text, name)


def test_the_checksum_of_a_vector_depends_on_its_input_and_its_bytes() -> None:
    checksums = {vector_checksum(name, raw) for name in (b"a" * 16, b"b" * 16) for raw in (b"1234", b"1235", b"")}
    assert len(checksums) == 6


@given(st.lists(st.one_of(st.text(), st.integers(), st.binary(), st.none()), min_size=2, max_size=4))
def test_the_checksum_of_a_row_depends_on_the_order_of_its_values(values: list[object]) -> None:
    assert row_checksum(*values) == row_checksum(*values)
    if values != values[::-1]:
        assert row_checksum(*values) != row_checksum(*values[::-1])


def test_the_checksum_of_a_row_keeps_types_apart() -> None:
    assert len({row_checksum(value) for value in (1, "1", b"1", None, "None", "\udc80")}) == 6
