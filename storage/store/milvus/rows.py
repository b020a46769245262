"""Documents and passages as rows of Milvus's collections, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.derived import derive
from wherein.storage.catalog.documents import ChunkRow, passages_of
from wherein.storage.catalog.integers import clamp
from wherein.storage.catalog.models import now
from wherein.storage.catalog.packed_terms import ENTRY, pack_rows, unpack_rows
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.store.checks import stored_form
from wherein.storage.store.document import DocumentEntry, EmbeddedDocument, PassageRow
from wherein.storage.store.keys import KEY_LENGTH
from wherein.storage.store.milvus.expression import SAMPLE_SIZE, fact_name

__all__ = [
    "counted_terms", "embedded_document", "entry_of", "entry_value", "messages", "passage_of", "passages_to_store",
]  # fmt: skip

Row = dict[str, Any]
_MAX_MESSAGE = 16 << 20  # a server accepts 64 MiB
_MAX_ROWS = 2_000


def passages_to_store(document: EmbeddedDocument) -> list[Row]:
    """Return the rows of a document's passages."""
    derived = derive(passages_of(document.title, document.text, document.chunks))
    vectors = stored_form(np.asarray(document.vectors, np.float32))
    spans = document.coverage.recognized if document.coverage else ()
    lines = _lines(document.text, [chunk.start for chunk in document.chunks])
    whole = {
        "document": document.key,
        "version": document.version,
        "uri": document.uri,
        "title": document.title,
        "media_type": document.media_type,
        "metadata": json.dumps(dict(document.metadata), ensure_ascii=False),
        "facts": facts_of(document.metadata),
    }
    return [
        {
            **whole,
            "key": key,
            "ordinal": ordinal,
            "start": chunk.start,
            "end": chunk.end,
            "line": line,
            "page": -1 if chunk.page is None else chunk.page,
            "heading": json.dumps(chunk.heading, ensure_ascii=False),
            "input_hash": chunk.input_hash.hex(),
            "recognized": any(start < chunk.end and chunk.start < end for start, end in spans),
            "text": document.text[chunk.start : chunk.end],
            "sample": int(key[-8:], 16) % SAMPLE_SIZE,
            "vector": vector.tolist(),
            **_terms(own.terms.counts),
        }
        for ordinal, (key, chunk, line, own, vector) in enumerate(
            zip(document.passage_keys, document.chunks, lines, derived, vectors, strict=True)
        )
    ]


def facts_of(metadata: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    """Return the values that can be filtered by: those at the top that are a text, a number or a truth value.

    Integers beyond 64 bits are left out.
    """
    return {fact_name(name, value): value for name, value in metadata.items() if _is_fact(value)}


def _is_fact(value: object) -> bool:
    return isinstance(value, str | bool | float) or (isinstance(value, int) and value == clamp(value))


def _lines(text: str, starts: Sequence[int]) -> list[int]:
    """Return the lines, from 1, on which ascending characters of a text are."""
    lines = [1 + text.count("\n", 0, starts[0])]
    for before, start in pairwise(starts):
        lines.append(lines[-1] + text.count("\n", before, start))
    return lines


def _terms(counts: bytes) -> Row:
    row = unpack_rows([0], [counts])
    both = row.entries["fields"].astype(np.int64) << 8 | row.entries["body"]
    return {
        "terms": row.entries["term"].astype(np.int64).tolist(),
        "counts": both.tolist(),
        "length": int(row.lengths[0]),
    }


def counted_terms(rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Return the counted terms of rows as the catalog packs them."""
    sizes = np.array([len(row["terms"]) for row in rows], np.int64)
    entries = np.zeros(int(sizes.sum()), ENTRY)
    both = np.array([count for row in rows for count in row["counts"]], np.int64)
    entries["term"] = [term for row in rows for term in row["terms"]]
    entries["body"], entries["fields"] = both & 255, both >> 8
    return pack_rows([int(row["length"]) for row in rows], sizes, entries)


def passage_of(row: Mapping[str, Any]) -> PassageRow:
    """Return the passage of a row; with its vector if the row has one."""
    vector = row.get("vector")
    page = int(row["page"])
    return PassageRow(
        key=row["key"],
        document=row["document"],
        version=row["version"],
        uri=row["uri"],
        title=row["title"],
        media_type=row["media_type"],
        metadata=json.loads(row["metadata"]),
        ordinal=int(row["ordinal"]),
        start=int(row["start"]),
        end=int(row["end"]),
        line=int(row["line"]),
        page=None if page < 0 else page,
        heading=tuple(json.loads(row["heading"])),
        input_hash=bytes.fromhex(row["input_hash"]),
        recognized=bool(row["recognized"]),
        text=row["text"],
        vector=None if vector is None else np.array(vector, np.float32),
    )


def entry_value(document: EmbeddedDocument, added_at: str) -> dict[str, Any]:
    """Return what the catalog holds of a document; `added_at` is when an earlier version came, "" if none did."""
    time = now()
    return {
        "version": document.version,
        "title": document.title,
        "media_type": document.media_type,
        "characters": len(document.text),
        "chunks": len(document.chunks),
        "metadata": dict(document.metadata),
        "notes": document.notes,
        "file": document.file,
        "added_at": document.added_at or added_at or time,
        "changed_at": document.changed_at or time,
        "text_hash": content_hash(document.text).hex(),
        "rest": document.text[document.chunks[-1].end :],
        "coverage": asdict(document.coverage) if document.coverage else None,
    }


def entry_of(key: str, uri: str, value: Mapping[str, Any]) -> DocumentEntry:
    """Return a document of a listing from what the catalog holds of it."""
    return DocumentEntry(
        key, value["version"], uri, value["title"], value["media_type"], value["characters"], value["chunks"],
        value["metadata"], tuple(value["notes"]), value["file"], value["added_at"], value["changed_at"],
        bytes.fromhex(value["text_hash"]), _coverage(value["coverage"]),
    )  # fmt: skip


def _coverage(value: Mapping[str, Any] | None) -> Coverage | None:
    return Coverage(**{**value, "recognized": tuple(map(tuple, value["recognized"]))}) if value else None


def embedded_document(uri: str, value: Mapping[str, Any], passages: Sequence[PassageRow]) -> EmbeddedDocument:
    """Return a document, put together from what the catalog holds of it and its passages with vectors, in order."""
    return EmbeddedDocument(
        uri, value["title"], value["media_type"], "".join(_texts(passages)) + value["rest"],
        [ChunkRow(one.start, one.end, one.input_hash, one.page, one.heading) for one in passages],
        _vectors(passages), value["metadata"], tuple(value["notes"]), value["file"],
        _coverage(value["coverage"]), value["added_at"], value["changed_at"],
    )  # fmt: skip


def _texts(passages: Sequence[PassageRow]) -> Iterator[str]:
    """Yield the texts of passages without what each shares with the one before."""
    end = 0
    for passage in passages:
        yield passage.text[end - passage.start :]
        end = passage.end


def _vectors(passages: Sequence[PassageRow]) -> Matrix:
    vectors = [one.vector for one in passages if one.vector is not None]
    return np.array(vectors, np.float32).reshape(len(vectors), -1)


def messages(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows in groups that a server accepts as one message."""
    group, size = list[Row](), 0
    for row in rows:
        own = _size(row)
        if group and (size + own > _MAX_MESSAGE or len(group) == _MAX_ROWS):
            yield group
            group, size = [], 0
        group.append(row)
        size += own
    if group:
        yield group


def _size(row: Row) -> int:
    """Return about the number of bytes of a row in a message, rather too many."""
    texts = sum(4 * len(value) for value in row.values() if isinstance(value, str))
    numbers = sum(10 * len(value) for value in row.values() if isinstance(value, list))
    return texts + numbers + 8 * KEY_LENGTH + len(json.dumps(row["facts"]))
