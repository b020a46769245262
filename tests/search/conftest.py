"""A small library, ingested with the toy encoder; what is tested opens its catalog without a `Library`."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader

TEXTS = {
    "lease": "The owner may sign the lease.",
    "copy": "The owner may sign the lease.",
    "cats": "Cats sleep all day.",
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in TEXTS.items():
        (docs / f"{name}.txt").write_text(text)
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    return library


@pytest.fixture
def folder(library: Library) -> Path:
    return library.folder


@pytest.fixture
def db(library: Library) -> Iterator[Any]:
    with closing(open_reader(library.folder)) as db:
        yield db
