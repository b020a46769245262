"""What is checked before a document or a question reaches a store: some stores accept silently what others refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from wherein.errors import UsageError
from wherein.storage.catalog.vectors import Matrix, pack_vectors, unpack_vectors
from wherein.storage.store.document import EmbeddedDocument
from wherein.storage.store.store import Capabilities

__all__ = ["check_index", "check_search", "last_of_each", "reason_to_reject", "stored_form"]

_MAX_KEY_BYTES = 8_192  # of a URI, a title or a media type


def stored_form(vectors: Matrix) -> Matrix:
    """Return vectors float32 `[n, width]` as every store holds them: those of length 1 rounded to 16 bits.

    Exact search then gives the same scores everywhere.
    """
    return unpack_vectors(vectors.shape[1], pack_vectors(vectors)) if len(vectors) else vectors


def last_of_each(documents: Sequence[EmbeddedDocument]) -> list[EmbeddedDocument]:
    """Return documents with different URIs, of those with the same one the last."""
    return list({document.uri: document for document in documents}.values())


def reason_to_reject(document: EmbeddedDocument, width: int, limits: Capabilities) -> str | None:
    """Return why a document cannot be stored, None if it can; `width` is that of the model's vectors."""
    return next(_reasons(document, width, limits), None)


def _reasons(document: EmbeddedDocument, width: int, limits: Capabilities) -> Iterator[str]:
    vectors = np.asarray(document.vectors)
    if vectors.shape != (len(document.chunks), width):
        yield f"it has vectors of the shape {vectors.shape}, where the library has [{len(document.chunks)}, {width}]"
    elif not np.isfinite(vectors).all():
        yield "one of its vectors is not finite"
    if not document.chunks:
        yield "it has no passage"
    elif not _covers(document):
        yield "its passages do not cover its text"
    try:
        yield from _too_long(document, limits)
    except (UnicodeEncodeError, TypeError, ValueError):
        yield "it holds text that cannot be stored (lone surrogates), or metadata that are not JSON"


def _covers(document: EmbeddedDocument) -> bool:
    """Whether passages follow one another without a gap: the text is put together from them, and what follows."""
    chunks, length = document.chunks, len(document.text)
    is_whole = chunks[0].start == 0 and chunks[-1].end <= length
    return is_whole and all(one.start <= other.start <= one.end <= other.end for one, other in pairwise(chunks))


def _too_long(document: EmbeddedDocument, limits: Capabilities) -> Iterator[str]:
    for name in ("uri", "title", "media_type", "file"):
        if len(getattr(document, name).encode()) > _MAX_KEY_BYTES:
            yield f"its {name.replace('_', ' ')} has more than {_MAX_KEY_BYTES:,} bytes"
    metadata = json.dumps([dict(document.metadata), document.notes], ensure_ascii=False, allow_nan=False)
    if len(metadata.encode()) > limits.max_metadata_bytes:
        yield f"its metadata have more than {limits.max_metadata_bytes:,} bytes"
    if len(document.text[document.chunks[-1].end :].encode()) > limits.max_metadata_bytes:
        yield f"what follows its last passage has more than {limits.max_metadata_bytes:,} bytes"
    for chunk in document.chunks:
        if len(document.text[chunk.start : chunk.end].encode()) > limits.max_text_bytes:
            yield f"one of its passages has more than {limits.max_text_bytes:,} bytes"
        if len(json.dumps(chunk.heading, ensure_ascii=False).encode()) > limits.max_metadata_bytes:
            yield f"the headings of a passage have more than {limits.max_metadata_bytes:,} bytes"


def check_search(vector: Matrix, k: int, width: int, limits: Capabilities) -> None:
    """Raise UsageError for a search that no store, or not this one, can answer."""
    if vector.shape != (width,):
        raise UsageError(
            f"The question's vector has the shape {vector.shape}; those of the library have {width} numbers"
        )
    if not np.isfinite(vector).all():
        raise UsageError("The question's vector is not finite")
    if not 1 <= k <= limits.max_hits:
        raise UsageError(f"A search returns from 1 to {limits.max_hits:,} passages, and not {k:,}")


def check_index(index: str, limits: Capabilities) -> None:
    """Raise UsageError for an index that the store does not have: some would search without it and say nothing."""
    if index not in limits.index_kinds:
        raise UsageError(f"There is no index {index}; there are {', '.join(limits.index_kinds)}")
