"""Catalogs that are filled without reading a file, with the vectors of the toy encoder."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.models import bind_model, bound_model
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, VECTORS

Fill = Callable[..., Path]
TEXTS = {
    "lease": "The owner may sign the lease.",
    "copy": "The owner may sign the lease.",
    "cats": "Cats sleep all day.",
}


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Save documents of one passage each, by name; with `fold` also write a generation of both indexes."""

    def filled(texts: Mapping[str, str], *, fold: bool = False, encoder: ToyEncoder | None = None) -> Path:
        folder, encoder = tmp_path / "library", encoder or ToyEncoder()
        folder.mkdir(exist_ok=True)
        with closing(open_writer(folder)) as db:
            with writing(db, "test"):
                model = bound_model(db) or bind_model(
                    db, fingerprint=encoder.fingerprint, name="toy", version="1", precision="w8a32",
                    dimension=encoder.model.width,
                )  # fmt: skip
                for name, text in texts.items():
                    chunk = ChunkRow(0, len(text), content_hash(text), None, ())
                    uri = f"file:///docs/{name}.txt"
                    save_document(db, DocumentRow(uri, None, name, "text/plain", text, {"name": name}, (), [chunk]))
                contexts = list(texts.values())
                save_vectors(db, model.id, list(map(content_hash, contexts)), encoder.encode_contexts(contexts))
            if fold:
                write_generation(db, folder, model, VECTORS)
                write_generation(db, folder, model, KEYWORDS)
        return folder

    return filled


@pytest.fixture
def folder(fill: Fill) -> Path:
    """A library with two copies of one text and another text."""
    return fill(TEXTS)


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())


@pytest.fixture
def db(folder: Path) -> Iterator[Any]:
    with closing(open_reader(folder)) as db:
        yield db


@pytest.fixture
def change(folder: Path) -> Callable[..., None]:
    """Change the catalog behind the back of the reader `db`."""

    def changed(statement: str, *values: object) -> None:
        with closing(open_writer(folder)) as writer, writing(writer, "test"):
            writer.execute(statement, list(values))

    return changed
