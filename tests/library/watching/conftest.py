"""A library of a folder of twenty notes, and what a fresh library of the same folder would hold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from toy import toy_library
from wherein.library import Library
from wherein.storage.catalog.documents import document_text, list_documents

Holds = Callable[[Library], dict[str, str]]


def texts(library: Library) -> dict[str, str]:
    """Return the text of each document by its URI, of one committed state."""
    with library._reader.snapshot() as db:
        return {found.uri: document_text(db, found.id) for found in list_documents(db)}


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    for number in range(20):
        (folder / f"{number % 4}").mkdir(parents=True, exist_ok=True)
        (folder / f"{number % 4}" / f"{number}.md").write_text(f"Note {number} is about {number * 7} herrings.")
    return folder


@pytest.fixture
def library(tmp_path: Path, notes: Path) -> Library:
    return toy_library(tmp_path / "library", notes)


@pytest.fixture
def holds() -> Holds:
    return texts


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Return a function that says what a fresh library of some sources holds."""

    def ingest(*sources: Path) -> dict[str, str]:
        return texts(toy_library(tmp_path / "fresh", *sources))

    return ingest
