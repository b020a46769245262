"""Passages that say nearly the same."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_hits import made_hit
from wherein.errors import Damaged
from wherein.search.copies import NearCopies
from wherein.search.hits import Hit, Place, checked_place
from wherein.search.results.dedupe import fold, same_words, with_left_out
from wherein.search.stored_passages import read_passages
from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.connection import open_reader, open_writer, snapshot, writing


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The owner may sign.", "The owner may sign.", True),
        ("  The owner may sign.\n", "The owner may sign.", True),
        ("one two three four five " * 9 + "end", "one two three four five " * 9 + "END!", True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(57)), True),
        (" ".join(f"w{'x' * n}" for n in range(60)), " ".join(f"w{'x' * n}" for n in range(40)), False),
        ("Report of 2023: " + "the same words again " * 20, "Report of 2024: " + "the same words again " * 20, False),
        ("The owner may sign.", "The owner may not sign.", False),
        ("", "...", False),
        ("。", "、", False),
    ],
)
def test_passages_that_say_nearly_the_same(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
    assert same_words(other, one) is same


OWNER = "The owner may sign."
TEXTS = [OWNER, "Cats sleep all day.", "The owner may sign!", "the owner may sign", "cats sleep all day"]


def test_texts_are_grouped_with_the_first_that_says_the_same() -> None:
    assert fold(TEXTS) == [[0, 2, 3], [1, 4]]
    assert fold([]) == []
    assert fold(["", "...", "", "..."]) == [[0, 2], [1, 3]]


def test_long_texts_are_compared_only_where_they_are_likely_to_say_the_same() -> None:
    long = " ".join(f"word{letter}{other}" for letter in "abcdefghij" for other in "klmnop")
    texts = [long, f"{long}!", long, "Short."]
    assert fold(texts) == [[0, 1, 2], [3]]
    none = np.zeros(4, np.bool_)
    assert fold(texts, [none, none, np.array([True, False, False, False]), none]) == [[0, 2], [1], [3]]
    assert fold(["Short.", "short", "Long."], [none[:3]] * 3) == [[0, 1], [2]]


@given(st.lists(st.sampled_from(["one two three", "One, two: three.", "four five six", "one two 3", ""]), max_size=9))
def test_every_text_is_in_one_group_and_the_first_of_the_groups_differ(texts: list[str]) -> None:
    groups = fold(texts)
    assert sorted(at for group in groups for at in group) == list(range(len(texts)))
    firsts = [first for first, *_ in groups]
    assert firsts == sorted(firsts)
    assert all(same_words(texts[first], texts[at]) for first, *others in groups for at in others)
    assert not any(same_words(texts[one], texts[other]) for one in firsts for other in firsts if one < other)


LEFT_OUT = [OWNER, "the owner may sign", "THE OWNER MAY SIGN", "The owner, may sign!", "the owner may, sign"]


@pytest.fixture
def folder(fill: Callable[..., Path]) -> Path:
    return fill({f"doc{number}": text for number, text in enumerate([*LEFT_OUT, "Cats sleep all day."])})


def hit_of(chunk: int, text: str, **others: Any) -> Hit:
    return made_hit(text, chunk=chunk, **others)


def test_a_hit_lists_the_near_copies_that_were_left_out(folder: Path) -> None:
    with closing(open_reader(folder)) as db:
        copies = NearCopies(db)
        assert copies.first([2, 6, 1, 3, 4, 5], 10) == [2, 6, 1, 3]
        earlier = checked_place(next(read_passages(db, [1])))
        cats, owner = hit_of(6, "Cats sleep all day."), hit_of(2, LEFT_OUT[1], also_in=(earlier,))
        shown = with_left_out(db, [cats, owner], copies)
        assert shown[0] == cats
        assert shown[1].also_in == (
            earlier,
            Place(uri="file:///docs/doc3.txt", title="doc3", start=0, end=20, line=1, page=None),
            Place(uri="file:///docs/doc4.txt", title="doc4", start=0, end=19, line=1, page=None),
        )
        states = {document: "fresh" if document == 5 else "changed" for document in range(1, 9)}
        (only,) = with_left_out(db, [owner], copies, lambda _: states)
        assert [place.title for place in only.also_in] == ["doc0", "doc4"]
        assert with_left_out(db, [], copies) == []


@pytest.fixture
def listed(folder: Path) -> Iterator[Callable[..., list[str]]]:
    """Return the titles of the near-copies that the first passage lists, by the same open library each time."""
    with closing(open_reader(folder)) as db:
        copies = NearCopies(db)

        def ask(text: str = LEFT_OUT[0]) -> list[str]:
            copies.begin()
            copies.first([1, 2, 3, 4, 5, 6], 10)
            with snapshot(db):
                return [place.title for place in with_left_out(db, [hit_of(1, text)], copies)[0].also_in]

        yield ask


@pytest.mark.parametrize(
    ("statement", "titles"),
    [
        ("DELETE FROM chunks WHERE id = 4", ["doc4"]),
        ("DELETE FROM documents WHERE id = 5", ["doc3"]),
        ("SELECT 1", ["doc3", "doc4"]),
    ],
)
def test_near_copies_are_listed_as_they_are_now(
    folder: Path, listed: Callable[..., list[str]], statement: str, titles: list[str]
) -> None:
    assert listed() == listed() == ["doc3", "doc4"]
    with closing(open_writer(folder)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        with writing(db, "test"):
            db.execute(statement)
    assert listed() == listed() == titles


def test_a_near_copy_whose_title_has_changed_is_listed_by_the_new_one(
    folder: Path, listed: Callable[..., list[str]]
) -> None:
    assert listed() == ["doc3", "doc4"]
    with closing(open_writer(folder)) as db, writing(db, "test"):
        columns = "uri, title, media_type, text_hash, metadata, notes"
        uri, _, *others = db.execute(f"SELECT {columns} FROM documents WHERE id = 4").fetchone()
        checksum = row_checksum(uri, "new", *others)
        db.execute("UPDATE documents SET title = 'new', checksum = ? WHERE id = 4", [checksum])
    assert listed() == listed() == ["new", "doc4"]


def test_a_near_copy_whose_lost_text_is_repaired_is_listed(folder: Path, listed: Callable[..., list[str]]) -> None:
    with closing(open_writer(folder)) as db:
        with writing(db, "test"):
            kept = db.execute("SELECT document_id, number, lines, text, checksum FROM texts").fetchall()
            db.execute("DELETE FROM texts")
        assert listed() == []
        with writing(db, "test"):
            db.conn.executemany(
                "INSERT INTO texts (document_id, number, lines, text, checksum) VALUES (?, ?, ?, ?, ?)", kept
            )
    assert listed() == ["doc3", "doc4"]


def test_what_was_left_out_but_does_not_say_the_same_is_not_listed(folder: Path) -> None:
    with closing(open_reader(folder)) as db:
        copies = NearCopies(db)
        copies.first([1, 2, 3, 4], 10)
        assert with_left_out(db, [hit_of(1, "Another text by now.")], copies)[0].also_in == ()


def test_a_damaged_copy_is_reported(folder: Path) -> None:
    with closing(open_writer(folder)) as db:
        with writing(db, "test"):
            db.execute("UPDATE documents SET title = 'x' WHERE id = 4")
        copies = NearCopies(db)
        copies.first([1, 2, 3, 4], 10)
        with pytest.raises(Damaged, match="wherein verify"):
            with_left_out(db, [hit_of(1, LEFT_OUT[0])], copies)
