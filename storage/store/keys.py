"""The keys of documents and passages in a store: 128 bits as 32 hexadecimal digits, the same wherever they are made.

A key depends on nothing but what it names. Whoever writes the same document twice, after a crash or in two processes,
writes the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from wherein.storage.catalog.documents import ChunkRow

__all__ = ["KEY_LENGTH", "document_key", "number_of", "passage_key", "passage_number", "record_key", "version_key"]

KEY_LENGTH = 32
_BITS = 52  # JSON's readers lose digits of integers over 53 bits


def document_key(uri: str) -> str:
    """Return the key of the document at `uri`."""
    return _key("document", uri)


def passage_key(document: str, ordinal: int, content: str) -> str:
    """Return the key of a passage, by the key of its document, its number there, from 0, and its text.

    The first half is that of the document's key: passages in the order of their keys come document by document.
    """
    half = KEY_LENGTH // 2
    return document[:half] + _key("passage", document, str(ordinal), content)[:half]


def record_key(kind: str, name: str) -> str:
    """Return the key of a record; see `Record`."""
    return _key("record", kind, name)


def version_key(columns: Sequence[str], text_hash: bytes, chunks: Iterable[ChunkRow]) -> str:
    """Return what names one version of a document: it is another when anything but the times differs.

    `columns` are title, media type, metadata and notes, the last two as JSON; `text_hash` names the text.
    """
    cut = ((chunk.start, chunk.end, chunk.page, chunk.heading, chunk.input_hash) for chunk in chunks)
    return _key("version", *columns, text_hash.hex(), *map(repr, cut))


def number_of(key: str) -> int:
    """Return a number of 52 bits, over 0, for a key: what people and JSON see of it."""
    return (int(key, 16) >> (4 * KEY_LENGTH - _BITS)) or 1


def passage_number(key: str) -> int:
    """Return a number of 52 bits, over 0, for the key of a passage: by its second half, since the first is shared."""
    return (int(key[KEY_LENGTH // 2 :], 16) & ((1 << _BITS) - 1)) or 1


def _key(*parts: str) -> str:
    digest = blake2b(digest_size=KEY_LENGTH // 2)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little"))  # no two lists of parts have the same bytes
        digest.update(raw)
    return digest.hexdigest()
