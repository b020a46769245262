"""Sketches tell near-copies from other passages without their texts."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.sketches import (
    SKETCH,
    Sketches,
    are_near,
    fill_sketches,
    is_stored_sketch,
    read_sketches,
    sketches_of,
)
from wherein.storage.catalog.terms import terms_of


def sketches(*texts: str) -> Sketches:
    return np.frombuffer(b"".join(packed(*texts)), SKETCH)


def packed(*texts: str) -> list[bytes]:
    return sketches_of([list(terms_of(text)) for text in texts], texts)


def differing(one: str, other: str) -> int:
    """Return how many of the 64 digits differ."""
    return next(most for most in range(-1, 65) if are_near(*sketches(one, other), most)) if one != other else 0


def words(count: int, seed: int = 0) -> list[str]:
    random = Random(seed)
    return ["".join(random.choices("bcdfghklmnprst", k=6)) for _ in range(count)]


def changed(text: list[str], count: int, seed: int = 1) -> list[str]:
    """Return the words with `count` of them, far from each other, replaced."""
    new, step = list(text), len(text) // max(count, 1)
    for number, word in enumerate(words(count, seed)):
        new[number * step + 2] = word
    return new


def test_a_sketch_is_the_same_on_every_machine() -> None:
    text = "The owner of the house may sign the lease of 2024 for a year."
    (raw,) = packed(text)
    assert raw.hex() == "ec91339cc724894298fb005e1ec22bb862aac993"
    assert len(raw) == SKETCH.itemsize == 20


@given(st.lists(st.text("ab c1,.日", max_size=12), max_size=40))
def test_passages_together_have_the_sketches_that_they_have_alone(texts: list[str]) -> None:
    assert packed(*texts) == [sketch for text in texts for sketch in packed(text)]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("The owner may sign the lease.", "the  OWNER may sign\nthe lease", True),
        (" ".join(words(200)), " ".join(changed(words(200), 3)), True),
        (" ".join(words(200)), " ".join(changed(words(200), 25)), False),
        (" ".join(words(200)), " ".join(words(200, seed=5)), False),
        ("Report of 2023: the same words again and again.", "Report of 2024: the same words again and again.", False),
        ("It costs 5 euros in all.", "it costs 5 euros, in all", True),
        ("one", "one", True),
        ("one", "two", False),
        ("one two", "one", False),
        ("", "", True),
        ("...", "!!!", False),
        ("日本語の文です。", "日本語の文です", True),
    ],
)
def test_which_passages_are_near(one: str, other: str, near: bool) -> None:
    first, second = sketches(one, other)
    assert bool(are_near(first, second)) is near
    assert bool(are_near(second, first)) is near


def test_the_digits_that_differ_estimate_the_share_of_runs() -> None:
    for count, low, high in ((2, 0, 8), (10, 6, 22), (30, 25, 44)):
        pairs = [(words(200, seed), changed(words(200, seed), count, 1_000 + seed)) for seed in range(20)]
        mean = np.mean([differing(" ".join(one), " ".join(other)) for one, other in pairs])
        # Each word that is replaced takes three of the 198 runs.
        shared = 198 - 3 * count
        expected = 48 * (1 - shared / (396 - shared))
        assert abs(mean - expected) < 2.5
        assert low <= mean <= high


@given(st.text(max_size=200))
def test_any_text_has_a_sketch_that_is_near_itself(text: str) -> None:
    one, other = sketches(text, text)
    assert are_near(one, other, 0)


def test_sketches_are_broadcast() -> None:
    three = sketches("The lease is signed.", "the lease is signed!", "Cats sleep.")
    assert are_near(three[:, None], three[None, :]).tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


TEXTS = ["The owner may sign.", "Cats sleep all day.", "..."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(open_writer(tmp_path)) as db, writing(db, "test"):
        for number, text in enumerate(TEXTS):
            chunk = ChunkRow(0, len(text), content_hash(text), None, ())
            save_document(db, DocumentRow(f"file:///{number}", None, "", "text/plain", text, {}, (), [chunk]))
    return tmp_path


def test_each_passage_has_the_sketch_of_its_text(folder: Path) -> None:
    with closing(open_writer(folder)) as db:
        stored = read_sketches(db, [1, 2, 3, 4])
    assert stored == {number: sketches(text).tobytes() for number, text in enumerate(TEXTS, 1)}


def test_sketches_go_with_their_passages_and_are_made_again_from_their_texts(folder: Path) -> None:
    with closing(open_writer(folder)) as db:
        before = read_sketches(db, [1, 2, 3])
        with writing(db, "test"):
            db.execute("DELETE FROM documents WHERE id = 2")
        assert db.execute("SELECT id FROM sketches ORDER BY id").fetchall() == [(1,), (3,)]
        with writing(db, "test"):
            db.execute("DELETE FROM sketches WHERE id = 1")
            assert fill_sketches(db) == 1
            assert fill_sketches(db) == 0
        assert read_sketches(db, [1, 2, 3]) == {1: before[1], 3: before[3]}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda number, raw, checksum: (number + 1, raw, checksum),
        lambda number, raw, checksum: (number, raw[:-1], checksum),
        lambda number, raw, checksum: (number, bytes([raw[0] ^ 1, *raw[1:]]), checksum),
        lambda number, raw, checksum: (number, raw, checksum ^ 1),
        lambda number, raw, checksum: (number, raw.hex(), checksum),
        lambda number, raw, checksum: (None, raw, checksum),
        lambda number, raw, checksum: (number, None, None),
    ],
)
def test_damage_is_noticed(folder: Path, spoil: Callable[[int, bytes, int], tuple[object, object, object]]) -> None:
    with closing(open_writer(folder)) as db:
        row = db.execute("SELECT id, sketch, checksum FROM sketches WHERE id = 1").fetchone()
    assert is_stored_sketch(*row)
    assert not is_stored_sketch(*spoil(*row))
