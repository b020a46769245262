"""Documents and passages as a store takes and returns them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import ChunkRow
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.store.keys import document_key, passage_key, version_key

__all__ = ["DocumentEntry", "EmbeddedDocument", "PassageRow", "Record", "Scored", "grouped"]


@dataclass(frozen=True, eq=False)
class EmbeddedDocument:
    """A document with its chunks and their vectors, float32 `[len(chunks), width]`: all that a store keeps of it.

    `file` is the URI of the file that it was read from, "" where there is none. `added_at` and `changed_at` are times
    in ISO 8601; "" is now.
    """

    uri: str
    title: str
    media_type: str
    text: str
    chunks: Sequence[ChunkRow]
    vectors: Matrix
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    file: str = ""
    coverage: Coverage | None = None
    added_at: str = ""
    changed_at: str = ""

    @cached_property
    def key(self) -> str:
        """The document's key."""
        return document_key(self.uri)

    @cached_property
    def version(self) -> str:
        """What names this version of it; see `version_key`."""
        stored = json.dumps(dict(self.metadata), ensure_ascii=False), json.dumps(self.notes, ensure_ascii=False)
        return version_key((self.title, self.media_type, *stored), content_hash(self.text), self.chunks)

    @cached_property
    def passage_keys(self) -> list[str]:
        """The keys of its passages, in their order."""
        return [
            passage_key(self.key, ordinal, self.text[chunk.start : chunk.end])
            for ordinal, chunk in enumerate(self.chunks)
        ]


@dataclass(frozen=True)
class DocumentEntry:
    """A document in a listing; the fields are those of `EmbeddedDocument`.

    `characters` is the length of its text, `text_hash` the text's `content_hash`.
    """

    key: str
    version: str
    uri: str
    title: str
    media_type: str
    characters: int
    chunks: int
    metadata: Mapping[str, Any]
    notes: tuple[str, ...]
    file: str
    added_at: str
    changed_at: str
    text_hash: bytes
    coverage: Coverage | None = None


@dataclass(frozen=True, eq=False)
class PassageRow:
    """A stored passage, the `ordinal`-th of its document, from 0: characters `start` to `end` of the document's text.

    `document` and `version` are keys. `line` and `page` count from 1; `page` is None where the format has no pages.
    `input_hash` names the model input (`TitledText`). `recognized` is whether some of the text was recognized in a
    picture (OCR). `vector` `[width]` is None unless it was asked for.
    """

    key: str
    document: str
    version: str
    uri: str
    title: str
    media_type: str
    metadata: Mapping[str, Any]
    ordinal: int
    start: int
    end: int
    line: int
    page: int | None
    heading: tuple[str, ...]
    input_hash: bytes
    recognized: bool
    text: str
    vector: Matrix | None = None


@dataclass(frozen=True, eq=False)
class Scored:
    """A passage that a search found; `score` is the inner product of its vector and the question's."""

    passage: PassageRow
    score: float


@dataclass(frozen=True)
class Record:
    """What a library keeps beside its documents, as JSON: a source, the state of a file, a golden question.

    `kind` and `name` identify it; `name` is the URI of a source or file, or the question.
    """

    kind: str
    name: str
    value: Mapping[str, Any]


def grouped(documents: Iterable[EmbeddedDocument], most: int, most_passages: int) -> Iterator[list[EmbeddedDocument]]:
    """Yield documents in groups to be written at once: of `most`, or ending with the one that fills `most_passages`."""
    group, passages = list[EmbeddedDocument](), 0
    for document in documents:
        group.append(document)
        passages += len(document.chunks)
        if passages >= most_passages or len(group) >= most:
            yield group
            group, passages = [], 0
    if group:
        yield group
