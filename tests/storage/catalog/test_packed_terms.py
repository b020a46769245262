"""Packed rows are unpacked to what was packed, and take few bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks_of_terms import CHUNKS, Chunk, rows
from wherein.storage.catalog.packed_terms import (
    ENTRY,
    ESCAPE,
    decode_counts,
    encode_counts,
    estimated_terms,
    pack_nibbles,
    pack_rows,
    unpack_nibbles,
    unpack_rows,
)


def packed(chunk: Chunk, length: int = 7) -> bytes:
    return pack_rows([length], np.array([len(chunk)]), np.sort(rows([chunk]).entries))[0]


@given(CHUNKS)
def test_rows_are_unpacked_in_the_order_of_their_terms(chunks: list[Chunk]) -> None:
    unpacked = unpack_rows(range(len(chunks)), [packed(chunk, number) for number, chunk in enumerate(chunks)])
    entries = [(term, *counts) for chunk in chunks for term, counts in sorted(chunk.items())]
    assert unpacked.entries.tolist() == entries
    assert unpacked.sizes.tolist() == [len(chunk) for chunk in chunks]
    assert unpacked.ids.tolist() == unpacked.lengths.tolist() == list(range(len(chunks)))
    assert [row.entries.tolist() for row in unpacked.single()] == [
        [(term, *counts) for term, counts in sorted(chunk.items())] for chunk in chunks
    ]


@given(CHUNKS)
def test_rows_that_are_packed_together_are_those_that_are_packed_alone(chunks: list[Chunk]) -> None:
    together = rows([dict(sorted(chunk.items())) for chunk in chunks])
    alone = [packed(chunk, number) for number, chunk in enumerate(chunks)]
    assert pack_rows(range(len(chunks)), together.sizes, together.entries) == alone


def test_a_row_of_known_bytes() -> None:
    row = packed({2**32 + 5: (1, 0), 2: (20, 1), 255 << 32: (0, 17)}, length=21)
    assert row[:8] == bytes([21, 0, 0, 0, 3, 0, 0, 0])
    bits = np.unpackbits(np.frombuffer(row[8:41], np.uint8), bitorder="little")
    assert np.flatnonzero(bits).tolist() == [0, 1 + 1, 255 + 2]
    assert row[41:53] == bytes([2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
    assert row[53:] == bytes([15 | 0 << 4, 10, 20, 1])


def test_most_counts_take_four_bits() -> None:
    body, fields = (grid.ravel().astype(np.uint8) for grid in np.meshgrid(np.arange(256), np.arange(256)))
    codes = encode_counts(body, fields)
    assert np.bincount(codes, minlength=16)[:ESCAPE].tolist() == [1] * ESCAPE
    coded = codes != ESCAPE
    decoded = decode_counts(codes)
    assert decoded[0][coded].tolist() == body[coded].tolist()
    assert decoded[1][coded].tolist() == fields[coded].tolist()
    assert not decoded[0][~coded].any()


@given(st.lists(st.integers(0, 15)))
def test_nibbles(codes: list[int]) -> None:
    raw = pack_nibbles(np.array(codes, np.uint8))
    assert len(raw) == (len(codes) + 1) // 2
    assert unpack_nibbles(np.frombuffer(raw, np.uint8)).tolist() == codes + [0] * (len(codes) % 2)


@pytest.mark.parametrize("n", [1, 40, 120, 3_000])
def test_the_number_of_terms_is_estimated_from_the_size(n: int) -> None:
    terms = np.random.default_rng(n).choice(1 << 40, n, replace=False)
    entries = np.zeros(n, ENTRY)
    entries["term"], entries["body"] = terms, 1
    assert estimated_terms(len(pack_rows([n], np.array([n]), np.sort(entries))[0])) == pytest.approx(n, abs=0.5)
    assert estimated_terms(0) == 0


@pytest.mark.parametrize("raw", [b"", b"1234567", b"\xff" * 8, b"\xff" * 5_000, bytes(8), bytes(39), bytes(41)])
def test_what_is_no_row_is_an_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match="a row has"):
        unpack_rows([1], [raw])


def test_a_flipped_bit_is_an_error_or_gives_other_entries() -> None:
    row = packed({2**32 + 5: (1, 0), 2: (20, 1), 255 << 32: (0, 17)})
    for at in range(8 * len(row)):
        flipped = bytearray(row)
        flipped[at // 8] ^= 1 << at % 8
        try:
            unpacked = unpack_rows([1, 2], [bytes(flipped), row])
        except ValueError:
            continue
        assert len(unpacked.entries) == int(unpacked.sizes.sum())
