"""Small documents with vectors, as a store takes them: the vectors are random, but the same for the same text."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import ChunkRow, model_input
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.store.checks import stored_form
from wherein.storage.store.document import EmbeddedDocument
from wherein.storage.store.store import Model

__all__ = ["MODEL", "WIDTH", "document", "many_documents", "vector_of"]

WIDTH = 16
MODEL = Model("0123456789abcdef", "toy", "1", "w8a32", WIDTH)
_WORDS = ("lease", "rent", "tenant", "landlord", "deposit", "notice", "repair", "garden", "heating", "roof", "cellar")


def vector_of(text: str) -> Matrix:
    """Return the vector of a text, of length 1."""
    vector = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(WIDTH)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def document(
    uri: str,
    passages: Sequence[str],
    metadata: Mapping[str, Any] | None = None,
    *,
    title: str = "",
    media_type: str = "text/plain",
    file: str = "",
    headings: Sequence[tuple[str, ...]] = (),
) -> EmbeddedDocument:
    """Return a document whose text is the passages, one after another."""
    text, chunks = "".join(passages), []
    for ordinal, passage in enumerate(passages):
        start = chunks[-1].end if chunks else 0
        name = TitledText(model_input(text, start, start + len(passage))).name
        heading = headings[ordinal] if ordinal < len(headings) else ()
        chunks.append(ChunkRow(start, start + len(passage), name, ordinal + 1 if ordinal else None, heading))
    vectors = stored_form(np.array([vector_of(passage) for passage in passages], np.float32).reshape(-1, WIDTH))
    return EmbeddedDocument(
        uri, title or uri.rpartition("/")[2], media_type, text, chunks, vectors, metadata or {}, ("a note",), file,
        Coverage(len(text.split()), 0, "en"), "2026-01-01T00:00:00.000+00:00", "2026-01-02T00:00:00.000+00:00",
    )  # fmt: skip


def many_documents(count: int, passages: int = 3) -> list[EmbeddedDocument]:
    """Return documents with passages of random words."""
    random = np.random.default_rng(count)
    return [
        document(
            f"file:///notes/{number % 7}/{number}.txt",
            [f"{' '.join(random.choice(_WORDS, 12))} number {number} part {part}.\n" for part in range(passages)],
            {"year": 2000 + number % 20, "author": f"Author {number % 5}", "draft": number % 2 == 0},
        )
        for number in range(count)
    ]
