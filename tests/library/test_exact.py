"""Exactly k passages, whatever was removed and however often one text occurs; checked against NumPy."""

from pathlib import Path

import numpy as np
import pytest

from oracle import State, found, mistake, read_state
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader

QUESTION = "who may sign the lease?"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def state_of(library: Library) -> State:
    db = open_reader(library.folder)
    state = read_state(db)
    db.close()
    return state


def assert_exact(library: Library, question: str, ks: list[int]) -> None:
    """An open library and a fresh one answer as NumPy does."""
    vector, _ = ToyEncoder().encode_question(question)
    state = state_of(library)
    for k in ks:
        for asked in (library, Library(library.folder, encoder=ToyEncoder())):
            assert mistake(state, vector, k, found(asked.query(question, k, mode="semantic").hits)) is None


def uris_by_score(library: Library) -> list[str]:
    vector, _ = ToyEncoder().encode_question(QUESTION)
    state = state_of(library)
    return [state.passages[row][0] for row in np.argsort(-(state.vectors @ vector), kind="stable")]


@pytest.mark.parametrize("folded", [True, False])
def test_the_nearest_400_of_500_are_removed(library: Library, docs: Path, folded: bool) -> None:
    if not folded:  # the first ingest makes a generation, and all that follows is in the delta
        (docs / "first.txt").write_text("Nothing of the kind.")
        library.ingest([str(docs)])
    for n in range(500):
        (docs / f"{n}.txt").write_text(f"Tenant {n} may sign lease {n % 7}, witness {n * n % 101} is there.")
    library.ingest([str(docs)])
    assert library.status().delta == (0 if folded else 500)
    assert_exact(library, QUESTION, [1, 399, 400, 401, 500, 510])
    nearest = uris_by_score(library)
    library.remove_documents(nearest[:400])
    assert uris_by_score(library) == nearest[400:]
    left = len(nearest) - 400
    ks = [1, 2, 5, left - 1, left, left + 1, 1000]
    assert_exact(library, QUESTION, ks)
    library.reindex()  # the generation still holds the 400, which belong to no passage
    assert library.status().documents == left
    assert_exact(library, QUESTION, ks)


def test_one_text_in_50_documents(library: Library, docs: Path) -> None:
    for n in range(50):
        (docs / f"same{n}.txt").write_text("The owner may sign the lease.")
        (docs / f"other{n}.txt").write_text(f"The {n} neighbors see a lease.")
    library.ingest([str(docs)])
    assert library.status().vectors == 51
    ks = [1, 2, 49, 50, 51, 52, 99, 100, 101]
    assert_exact(library, QUESTION, ks)
    assert len({hit.uri for hit in library.query("The owner may sign the lease.", 50, mode="semantic").hits}) == 50
    library.remove_documents([str(docs / f"same{n}.txt") for n in range(0, 50, 2)])
    assert_exact(library, QUESTION, [1, 24, 25, 26, 74, 75, 76])
    library.remove_documents([str(docs / f"same{n}.txt") for n in range(1, 50, 2)])
    assert_exact(library, QUESTION, [1, 49, 50, 51])
    (docs / "again.txt").write_text("The owner may sign the lease.")  # its vector was kept
    assert library.ingest([str(docs)]).embedded == 0
    assert_exact(library, QUESTION, [1, 2, 50, 51, 52])


def test_different_texts_with_one_vector(library: Library, docs: Path) -> None:
    words = ["who", "may", "sign", "a", "lease"]
    for n in range(20):  # the toy encoder does not see the order of words
        turned = words[n % 5 :] + words[: n % 5]
        (docs / f"{n}.txt").write_text(" ".join(turned) + "." * (n // 5))
    library.ingest([str(docs)])
    assert library.status().vectors == 20
    assert_exact(library, QUESTION, list(range(1, 23)))
