"""How often each term occurs in a passage, its headings and its title."""

import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from catalogs import Descending, document, hashes, save
from wherein.errors import Damaged
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.term_counts import (
    average_entries,
    checked_terms,
    count_rows,
    count_terms,
    counted_version,
    highest_counted,
    is_stored_terms,
    read_terms,
    recount,
    save_terms,
)
from wherein.storage.catalog.terms import folded_text, terms_of, terms_version


def terms(text: str) -> set[int]:
    return set(terms_of(text))


@given(st.text())
@settings(max_examples=200)
def test_any_text_has_terms_of_40_bits(text: str) -> None:
    found = Counter(terms_of(text))
    assert all(0 <= term < 1 << 40 for term in found)
    folded_text(text)
    raw, _ = count_terms(text, ["heading"], text[:20])
    (rows,) = [unpack_rows([7], [raw])]
    counted = dict(zip(rows.entries["term"].tolist(), rows.entries["body"].tolist(), strict=True))
    assert {term: count for term, count in counted.items() if count} == {t: min(n, 255) for t, n in found.items()}
    assert int(rows.lengths[0]) == found.total()


def test_counts_of_fields() -> None:
    rows = unpack_rows([1], [count_terms("lease lease", ["The lease", "Owner"], "lease lease owner").counts])
    held = {int(term): (int(body), int(fields)) for term, body, fields in rows.entries.tolist()}
    (lease,), (owner,), (the,) = terms("lease"), terms("owner"), terms("the")
    assert held == {lease: (2, 16 + 2), owner: (0, 16 + 1), the: (0, 16)}
    assert not is_stored_terms(1, b"short", 0, None)
    assert count_terms("") == (bytes(40), b"")
    assert np.array(unpack_rows([1], [count_terms("a " * 70_000).counts]).entries["body"]).tolist() == [255]


def test_rows_are_read_in_batches_in_the_order_of_their_ids(db: Database) -> None:
    save(db, document("a", hashes(0, 5), text="one two three four five"))
    parts = list(read_terms(db, above=1, batch=2))
    assert [part.ids.tolist() for part in parts] == [[2, 3], [4, 5]]
    assert (highest_counted(db), count_rows(db), count_rows(db, 1), count_rows(db, 1, 3)) == (5, 5, 4, 2)


def test_a_new_library_has_no_rows_and_no_version(db: Database) -> None:
    assert list(read_terms(db)) == []
    assert (highest_counted(db), count_rows(db), average_entries(db), counted_version(db)) == (0, 0, 0, terms_version())


@pytest.mark.parametrize("change", ["counts = zeroblob(8)", "checksum = checksum + 1", "id = 9"])
def test_a_damaged_row_is_not_read(db: Database, change: str) -> None:
    save(db, document("a", hashes(0, 1)))
    db.execute("PRAGMA foreign_keys=OFF")
    with writing(db, "test"):
        db.execute(f"UPDATE terms SET {change}")
    with pytest.raises(Damaged, match=r"^The stored words of passage \d are damaged; run: wherein verify$"):
        list(read_terms(db))
    with pytest.raises(Damaged):
        checked_terms([(1, b"short", 0, None)])


def test_rows_are_checked_one_by_one_and_returned_in_their_order(db: Database) -> None:
    save(db, document("a", hashes(0, 3), text="one two three"))
    stored = db.execute("SELECT id, counts, checksum, term_order FROM terms ORDER BY id DESC").fetchall()
    rows = [own.counts for own in checked_terms(stored)]
    assert [row.ids.tolist() for row in rows] == [[3], [2], [1]]
    for row, (_, raw, *_) in zip(rows, stored, strict=True):
        assert row.entries.tobytes() == unpack_rows([0], [raw]).entries.tobytes()
    assert checked_terms([]) == []
    with pytest.raises(Damaged, match="passage 2 are damaged"):
        checked_terms([stored[0], (2, None, None, None)])


def test_a_row_whose_checksum_fits_must_still_be_one(db: Database) -> None:
    """As after a collision of checksums: an error, and neither a crash nor memory for a billion terms."""
    counts = count_terms("a b c").counts
    for raw in (b"", b"12345678", b"\xff" * 60, counts[:-1], counts + b"\0"):
        assert not is_stored_terms(7, raw, zlib.crc32(raw, 7), None)
        with pytest.raises(Damaged, match="passage 7 are damaged"):
            checked_terms([(7, raw, zlib.crc32(raw, 7), None)])


def test_missing_rows_are_counted_again_as_they_were(db: Database) -> None:
    save(db, document("a", hashes(0, 5), text="one two three four five"), document("b", hashes(0, 2)))
    before = db.execute("SELECT * FROM terms ORDER BY id").fetchall()
    with writing(db, "test"):
        db.execute("DELETE FROM terms WHERE id IN (2, 3, 7)")
    with writing(db, "test"):
        assert recount(db) == 3
    assert db.execute("SELECT * FROM terms ORDER BY id").fetchall() == before
    assert counted_version(db) == terms_version()


def test_the_average_number_of_entries(db: Database) -> None:
    with writing(db, "test"):
        db.execute("PRAGMA defer_foreign_keys=ON")
        save_terms(db, [(n, count_terms(text)) for n, text in enumerate(("a", "a b c", "a b"), start=1)])
        assert average_entries(db) == 2
        db.execute("DELETE FROM terms")


def test_rows_in_another_order_are_damage(db: Database) -> None:
    save(db, document("a", hashes(0, 2)))
    with pytest.raises(Damaged, match="passage 1 are damaged"):
        list(read_terms(Descending(db)))
