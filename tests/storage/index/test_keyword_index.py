"""Generation and delta of keywords together, as of one committed state."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from bit_flip import flip
from catalogs import document, hashes, save
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.term_counts import removed_chunks
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.checked_pages import PAGE
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS
from wherein.storage.index.keyword_index import KeywordIndex, load_keywords


def load(db: Database | sqlite3.Connection, folder: Path, known: KeywordIndex | None = None) -> KeywordIndex:
    with snapshot(db):
        return load_keywords(db, folder, known)


def chunks_with(index: KeywordIndex, word: str) -> list[int]:
    """Return the ids of the chunks that exist and contain a word."""
    (term,) = terms_of(word)
    found = []
    for part in index.parts:
        mask = part.find(term).mask(len(part.postings.ids))
        assert part.find(term).count(part.live) == np.count_nonzero(mask if part.live is None else mask & part.live)
        found += part.postings.ids[mask if part.live is None else mask & part.live].tolist()
    return found


def add(db: Database, uri: str, text: str) -> int:
    """Save a document whose words of one letter are a chunk each."""
    (number,) = save(db, document(uri, hashes(0, len(text)), text=text))
    return number


def test_without_a_generation_everything_is_in_the_delta(db: Database, tmp_path: Path) -> None:
    assert (load(db, tmp_path).count, load(db, tmp_path).length) == (0, 0)
    add(db, "one", "aab")
    index = load(db, tmp_path)
    assert (index.generation, index.count, index.length) == (None, 3, 3)
    assert (len(index.parts[0].postings.ids), index.parts[1].postings.ids.tolist()) == (0, [1, 2, 3])
    assert chunks_with(index, "a") == [1, 2]


def test_generation_and_delta_together_hold_each_chunk_once(db: Database, tmp_path: Path, model: StoredModel) -> None:
    add(db, "one", "aab")
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    add(db, "two", "ba")
    index = load(db, tmp_path)
    assert (index.generation, index.count, index.length) == (generation, 5, 5)
    assert [part.postings.ids.tolist() for part in index.parts] == [[1, 2, 3], [4, 5]]
    assert [part.live for part in index.parts] == [None, None]
    assert (chunks_with(index, "a"), chunks_with(index, "b")) == ([1, 2, 5], [3, 4])


def test_deleted_chunks_are_marked_and_not_counted(db: Database, tmp_path: Path, model: StoredModel) -> None:
    one = add(db, "one", "aab")
    add(db, "two", "a")
    write_generation(db, tmp_path, model, KEYWORDS)
    add(db, "three", "b")
    with writing(db, "test"):
        delete_document(db, one)
    index = load(db, tmp_path)
    assert (index.count, index.length) == (2, 2)
    np.testing.assert_array_equal(index.parts[0].live, [False, False, False, True])
    assert index.parts[1].live is None
    assert (chunks_with(index, "a"), chunks_with(index, "b")) == ([4], [5])


def test_only_what_was_committed_since_is_read(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, "one", "a")
    write_generation(db, tmp_path, model, KEYWORDS)
    add(db, "two", "a")
    first = load(reader, tmp_path)
    assert load(reader, tmp_path, first) is first
    add(db, "three", "a")
    with writing(db, "test"):  # to read this row again would be an error
        db.execute("UPDATE terms SET checksum = checksum + 1 WHERE id = 2")
    second = load(reader, tmp_path, first)
    assert second.parts[0].postings is first.parts[0].postings
    assert chunks_with(second, "a") == [1, 2, 3]
    with pytest.raises(Damaged, match="passage 2"):
        load(reader, tmp_path)


def test_after_a_fold_the_delta_begins_anew(
    db: Database, reader: sqlite3.Connection, tmp_path: Path, model: StoredModel
) -> None:
    add(db, "one", "ab")
    known = load(reader, tmp_path)
    write_generation(db, tmp_path, model, KEYWORDS)
    add(db, "two", "a")
    index = load(reader, tmp_path, known)
    assert [part.postings.ids.tolist() for part in index.parts] == [[1, 2], [3]]
    assert chunks_with(index, "a") == [1, 3]


def test_a_damaged_file_is_damage(db: Database, tmp_path: Path, model: StoredModel) -> None:
    add(db, "one", "ab")
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    path = tmp_path / "generations" / generation.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match=r"is damaged: .* bytes instead of .*; run: wherein repair"):
        load(db, tmp_path)


def test_damaged_postings_are_damage_instead_of_other_passages(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    add(db, "one", "abbb")  # of the four passages only one has the first word
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    path = tmp_path / "generations" / generation.file
    data = bytearray(path.read_bytes())
    (gaps, *_) = load(db, tmp_path).parts[0].postings.gaps
    elements, codes = gaps.elements.whole().tobytes(), gaps.codes.whole().tobytes()
    start = data.rindex(elements + bytes(-len(elements) % 64) + codes)
    data[start : start + len(elements)] = bytes([2]) * len(elements)
    path.write_bytes(data)
    with pytest.raises(Damaged, match=r"is damaged: its page 0 does not match its checksum; run: wherein repair"):
        load(db, tmp_path)


def test_postings_are_checked_when_they_are_first_read(db: Database, tmp_path: Path, model: StoredModel) -> None:
    add(db, "one", "ab" * 2_000)
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    path = tmp_path / "generations" / generation.file
    counts = load(db, tmp_path).parts[0].postings.dense.elements.whole().tobytes()
    flip(path, path.read_bytes().index(counts) + PAGE)  # not on the page on which the lengths end
    index = load(db, tmp_path)
    with pytest.raises(Damaged, match=r"index of keywords is damaged \(its page \d+ does not match its checksum\)"):
        chunks_with(index, "a"), chunks_with(index, "b")


def test_what_is_gone_is_read_from_its_record_until_a_generation_is_written(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    one, two = add(db, "one", "aab"), add(db, "two", "ab")
    write_generation(db, tmp_path, model, KEYWORDS)
    three = add(db, "three", "ba")
    known = load(db, tmp_path)
    with writing(db, "test"):
        delete_document(db, one)
        delete_document(db, three)
    assert removed_chunks(db).tolist() == [1, 2, 3, 6, 7]
    for index in (load(db, tmp_path), load(db, tmp_path, replace(known, version=-1))):
        assert (index.count, index.length) == (2, 2)
        assert (chunks_with(index, "a"), chunks_with(index, "b")) == ([4], [5])
    write_generation(db, tmp_path, model, KEYWORDS)
    assert removed_chunks(db).tolist() == []
    index = load(db, tmp_path)
    assert [part.live for part in index.parts] == [None, None]
    with writing(db, "test"):
        delete_document(db, two)
    assert removed_chunks(db).tolist() == [4, 5]
    assert load(db, tmp_path).count == 0


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM removed_chunks",
        "DELETE FROM removed_chunks WHERE id = 2",
        "INSERT INTO removed_chunks (id) VALUES (4), (5)",
        "INSERT INTO removed_chunks (id) VALUES (-3), (99)",
    ],
)
def test_a_record_of_what_is_gone_that_is_not_right_is_noticed(
    db: Database, tmp_path: Path, model: StoredModel, change: str
) -> None:
    one = add(db, "one", "aab")
    add(db, "two", "ab")
    write_generation(db, tmp_path, model, KEYWORDS)
    with writing(db, "test"):
        delete_document(db, one)
        db.execute(change)
    index = load(db, tmp_path)
    assert (index.count, index.length) == (2, 2)
    assert (chunks_with(index, "a"), chunks_with(index, "b")) == ([4], [5])
