"""The file of postings holds what is collected in memory, in every width, and a damaged one leads nowhere."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunks_of_terms import CHUNKS, Chunk, expected, rows
from old_postings import writing_without_words
from wherein.storage.catalog.words import term_of_word
from wherein.storage.index import postings_file
from wherein.storage.index.postings_file import PostingsFile, open_postings
from wherein.storage.index.postings_layout import check_postings, has_words
from wherein.storage.index.postings_writer import write_postings
from wherein.storage.index.word_list import pack_words

Content = dict[int, list[tuple[int, int, int]]]


def write(path: Path, chunks: list[Chunk]) -> PostingsFile:
    whole = rows(chunks)
    highest = int(whole.ids[-1]) if chunks else 0
    write_postings(path, len(chunks), highest, sum(map(len, chunks)), [whole] if chunks else [])
    return open_postings(path, len(chunks), highest)


def content(postings: PostingsFile, terms: list[int]) -> Content:
    """Return for each term the ids of its chunks, with its counts."""
    found = {}
    for term in terms:
        one = postings.find(term)
        positions = np.flatnonzero(one.mask(len(postings.ids)))
        assert one.count(None) == len(positions)
        body, fields = (counts if one.positions is not None else counts[positions] for counts in (one.body, one.fields))
        found[term] = list(zip(postings.ids[positions].tolist(), body.tolist(), fields.tolist(), strict=True))
    return found


def in_blocks(postings: PostingsFile, size: int) -> Content:
    found: Content = {}
    for block in postings.blocks(size):
        for term, position, body, fields in zip(*(column.tolist() for column in block), strict=True):
            found.setdefault(term, []).append((int(postings.ids[position]), body, fields))
    return found


@settings(max_examples=60)
@given(chunks=CHUNKS, size=st.sampled_from([1, 3, 1_000]))
def test_each_term_has_its_chunks(tmp_path_factory: pytest.TempPathFactory, chunks: list[Chunk], size: int) -> None:
    path = tmp_path_factory.mktemp("postings") / "file"
    postings, wanted = write(path, chunks), expected(chunks)
    assert content(postings, list(wanted)) == wanted
    assert in_blocks(postings, size) == wanted
    assert postings.ids.tolist() == rows(chunks).ids.tolist()
    assert postings.lengths.tolist() == rows(chunks).lengths.tolist()
    for absent in (77, 2**38, 2**40, 2**64 - 1):
        assert len(postings.find(absent).body) == 0


def spread(count: int, terms: dict[int, list[int]]) -> list[Chunk]:
    """Return `count` chunks, of which some have a term: those at its positions, with counts of all kinds."""
    chunks: list[Chunk] = [{} for _ in range(count)]
    for term, positions in terms.items():
        for number, position in enumerate(positions):
            chunks[position][term] = ((1, 0), (2, 0), (14, 0), (255, 0), (0, 1), (1, 16), (3, 33))[(term + number) % 7]
    return chunks


COUNT = 150_000  # so that gaps of 1, 2 and 4 bytes occur, and escapes in the first two


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[PostingsFile, Content]:
    terms = {
        1: list(range(0, COUNT, 2)),
        2: list(range(COUNT)),
        2**33: list(range(0, COUNT, 100)),
        2**33 + 1: [0, *range(149_000, COUNT)],  # gaps of 1 byte, the first of which is very long
        3: [0, 1, 70_000, 149_999],
        2**39: [149_999],
        4: [],
        **{2**38 + n: [n, n + 65_535, n + 65_537] for n in range(200)},
        **{2**37 + n: [n] for n in range(200)},
        5: [5, 5 + 255, 5 + 255 + 254, *range(10_000, 11_000)],
    }
    chunks = spread(COUNT, terms)
    return write(tmp_path_factory.mktemp("large") / "file", chunks), expected(chunks)


def test_terms_of_every_frequency(large: tuple[PostingsFile, Content]) -> None:
    postings, wanted = large
    assert [len(section.lows) for section in (postings.dense, *postings.gaps)] == [2, 3, 201, 201]
    assert content(postings, list(wanted)) == wanted
    assert postings.postings == sum(map(len, wanted.values()))


@pytest.mark.parametrize("size", [1, 1_000, 1 << 21])
def test_blocks_are_all_postings(large: tuple[PostingsFile, Content], size: int) -> None:
    assert in_blocks(large[0], size) == large[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "file", [{1: (1, 0), 2: (2, 16)}, {2: (1, 1)}, {3: (9, 0)}])
    return tmp_path / "file"


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


TERMS = [1, 2, 2**35, 7, 8]


def flipped(path: Path, data: bytes) -> Iterator[PostingsFile]:
    """Yield the file of nine chunks with each of its bytes flipped, if it can be opened."""
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        with suppress(ValueError):
            yield open_postings(path, 9, 17)


def test_a_flipped_byte_is_an_error_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    chunks = spread(9, {1: [0, 1, 2, 3, 4, 5], 2: [0, 8], 2**35: [3], 7: [4, 5, 6, 7]})
    postings = write(path, chunks)
    wanted, errors = content(postings, TERMS), 0
    for opened in flipped(path, path.read_bytes()):
        try:
            assert content(opened, TERMS) == wanted
        except ValueError:
            errors += 1
    assert errors > 100


@pytest.mark.slow
def test_a_flipped_byte_is_reported_by_blocks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, spread(9, {1: [0, 1, 2, 3, 4, 5], 2: [0, 8], 2**35: [3], 7: [4, 5, 6, 7]}))
    wanted = in_blocks(open_postings(path, 9, 17), 1_000)
    data = path.read_bytes()
    for opened in flipped(path, data):
        with suppress(ValueError):
            assert in_blocks(opened, 1_000) == wanted


def test_recent_postings_are_kept_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings_file, "_MAX_RECENT", 5)
    postings = write(tmp_path / "file", [dict.fromkeys(range(1, 7), (1, 0))] * 2)
    wanted = content(postings, list(range(1, 7)))
    assert postings.find(6) is postings.find(6)
    assert list(postings.recent) == [5, 6]
    assert content(postings, list(range(1, 7))) == wanted
    assert all(len(found) == 2 for found in wanted.values())


def test_a_file_of_the_format_without_words_is_read(tmp_path: Path) -> None:
    chunks = spread(70, {1: list(range(70)), 2: [0, 8], 2**35: [3], 7: [4, 5, 6, 7]})
    with writing_without_words():
        postings = write(tmp_path / "file", chunks)
    assert postings.words == ()
    assert not has_words(tmp_path / "file", 70, 139)
    assert in_blocks(postings, 1_000) == expected(chunks)


def test_the_words_of_the_passages_are_in_the_file(tmp_path: Path) -> None:
    term = term_of_word("lease")
    assert term is not None
    write_postings(tmp_path / "file", 1, 1, 1, [rows([{term: (1, 0)}])], {"lease", "leases", "owner"})
    postings = open_postings(tmp_path / "file", 1, 1)
    assert [group for group in postings.words if group] == [("lease",), ("leases",)]
    assert has_words(tmp_path / "file", 1, 1)


def test_damaged_words_are_an_error_when_they_are_read(tmp_path: Path) -> None:
    term = term_of_word("lease")
    assert term is not None
    path = tmp_path / "file"
    write_postings(path, 1, 1, 1, [rows([{term: (1, 0)}])], {"lease"})
    raw = path.read_bytes()
    packed = pack_words({"lease"})
    path.write_bytes(raw.replace(packed, packed[:-1] + b"?"))
    with pytest.raises(ValueError, match="its page 1 does not match its checksum"):
        _ = open_postings(path, 1, 1).words
