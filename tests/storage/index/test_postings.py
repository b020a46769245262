"""The postings of terms: the same in memory and in a file, and a damaged file is not opened."""

import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.storage.catalog.term_counts import ENTRY, TermRows
from wherein.storage.index import postings as module
from wherein.storage.index.postings import (
    Postings,
    blocks,
    check_postings,
    collect,
    merge,
    open_postings,
    write_postings,
)

Chunk = dict[int, tuple[int, int]]
"""For each term its count in the body, and that in the fields."""
CHUNKS = st.lists(
    st.dictionaries(
        st.sampled_from([0, 1, 2, 3, 2**31, 2**63 - 1, 2**63, 2**64 - 1]),
        st.tuples(st.integers(0, 255), st.integers(0, 255)),
    ),
    max_size=12,
)


def rows(chunks: list[Chunk], first_id: int = 1) -> TermRows:
    """Rows with ids `first_id`, `first_id + 2`, …; a passage is as long as its body counts say."""
    entries = [(term, body, fields) for chunk in chunks for term, (body, fields) in chunk.items()]
    return TermRows(
        np.arange(len(chunks), dtype=np.int64) * 2 + first_id,
        np.array([sum(body for body, _ in chunk.values()) for chunk in chunks], np.uint32),
        np.array([len(chunk) for chunk in chunks], np.int64),
        np.array(entries, ENTRY),
    )


def content(postings: Postings) -> dict[int, list[tuple[int, int, int]]]:
    """Return for each term the ids of its chunks, with its counts."""
    return {
        term: [
            (int(postings.ids[position]), body, fields)
            for position, body, fields in zip(
                found.positions.tolist(), found.body.tolist(), found.fields.tolist(), strict=True
            )
        ]
        for term in postings.terms.tolist()
        if (found := postings.find(term))
    }


def expected(chunks: list[Chunk], first_id: int = 1) -> dict[int, list[tuple[int, int, int]]]:
    postings = defaultdict(list)
    for number, chunk in enumerate(chunks):
        for term, (body, fields) in chunk.items():
            postings[term].append((2 * number + first_id, body, fields))
    return dict(postings)


@given(CHUNKS)
def test_in_memory_each_term_has_its_chunks(chunks: list[Chunk]) -> None:
    collected = collect([rows(chunks)])
    assert content(collected) == expected(chunks)
    assert collected.terms.tolist() == sorted(expected(chunks))
    assert collected.lengths.tolist() == rows(chunks).lengths.tolist()
    absent = collected.find(77)
    assert (len(absent.positions), len(absent.body), len(absent.fields)) == (0, 0, 0)


@given(CHUNKS, st.integers(0, 12))
def test_parts_that_are_merged_are_those_of_all(chunks: list[Chunk], cut: int) -> None:
    cut = min(cut, len(chunks))
    first, second = collect([rows(chunks[:cut])]), collect([rows(chunks[cut:], 2 * cut + 1)])
    merged = merge(first, second)
    assert content(merged) == expected(chunks)
    assert merged.ids.tolist() == collect([rows(chunks)]).ids.tolist()


@settings(deadline=None, max_examples=40)
@given(chunks=CHUNKS, batch=st.sampled_from([1, 3, 1_500_000]))
def test_the_file_holds_what_is_collected_in_memory(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[Chunk], batch: int
) -> None:
    path = tmp_path_factory.mktemp("postings") / "file"
    whole = rows(chunks)
    highest = int(whole.ids[-1]) if chunks else 0
    entries = sum(map(len, chunks))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SORT_BATCH", batch)
        digest = write_postings(path, len(chunks), highest, entries, [whole] if chunks else [])
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert check_postings(path, len(chunks), highest) == entries
    opened, collected = open_postings(path, len(chunks), highest), collect([whole] if chunks else [])
    for name in vars(collected):
        np.testing.assert_array_equal(getattr(opened, name), getattr(collected, name))
    assert [one.name for one in path.parent.iterdir()] == ["file"]


@given(CHUNKS, st.integers(1, 7))
def test_blocks_are_all_postings_with_their_terms(chunks: list[Chunk], size: int) -> None:
    postings = collect([rows(chunks)])
    seen: list[tuple[int, int]] = []
    for terms, part in blocks(postings, size):
        assert 0 < len(terms) <= size
        seen.extend(zip(terms.tolist(), postings.positions[part].tolist(), strict=True))
    by_term = sorted(expected(chunks).items())
    assert seen == [(term, (number - 1) // 2) for term, found in by_term for number, *_ in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_postings(tmp_path / "file", 3, 5, 6, [rows([{1: (1, 0), 2: (2, 16)}, {2: (1, 1)}, {3: (1, 0)}])])
    return tmp_path / "file"


@pytest.mark.parametrize(("count", "highest"), [(2, 5), (4, 5), (3, 6)])
def test_rows_of_other_chunks_are_an_error(tmp_path: Path, count: int, highest: int) -> None:
    with pytest.raises(ValueError, match=f"3 passages instead of {count}, or others"):
        write_postings(tmp_path / "file", count, highest, 3, [rows([{1: (1, 0)}] * 3)])


@pytest.mark.parametrize(("count", "highest"), [(2, 5), (4, 5), (3, 6)])
def test_a_file_of_other_chunks_is_not_opened(path: Path, count: int, highest: int) -> None:
    with pytest.raises(ValueError, match=f"its header is not that of {count} passages"):
        open_postings(path, count, highest)


def test_a_file_of_another_size_is_not_opened(path: Path) -> None:
    data = path.read_bytes()
    for wrong, words in ((b"", "it has no header"), (data[:20], "it has no header"), (data[:-1], "bytes instead of"),
                         (data + b"\0", "bytes instead of")):  # fmt: skip
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=words):
            check_postings(path, 3, 5)


def test_a_flipped_byte_is_an_error_or_leads_nowhere_outside(path: Path) -> None:
    data = path.read_bytes()
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        try:
            opened = open_postings(path, 3, 5)
            found = [opened.find(term) for term in opened.terms.tolist()]
        except ValueError:
            continue
        assert all(int(one.positions.max(initial=0)) < 3 for one in found)
        assert all(len(one.positions) == len(one.body) == len(one.fields) <= 3 for one in found)
