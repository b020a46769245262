"""The words of a library in Milvus, as they are spelled: what a misspelt word of a question is compared with.

Each process that writes adds records of its own with the words that were not listed before: two that write at once
undo nothing of each other's. Words are not removed: one that no passage has is not searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from uuid import uuid4

from wherein.storage.catalog.words import words_of
from wherein.storage.disk.batched import batched
from wherein.storage.store.document import EmbeddedDocument, Record
from wherein.storage.store.milvus.catalog import MilvusCatalog

__all__ = ["MilvusWords"]

_KIND = "words"
_AT_ONCE = 2_000  # of at most 32 letters, of up to 4 bytes each: a record holds 131,000 bytes
_MAX_RECORDS = 50


class MilvusWords:
    """The records of words; for any number of threads."""

    def __init__(self, catalog: MilvusCatalog) -> None:
        self._catalog = catalog
        self._listed: set[str] | None = None
        self._lock = Lock()

    def read(self) -> set[str]:
        """Return all words."""
        return {str(word) for record in self._catalog.each(_KIND) for word in record.value["words"]}

    def add(self, documents: Sequence[EmbeddedDocument]) -> None:
        """List the words of documents."""
        texts = [text for one in documents for text in (one.text, one.title)]
        headings = {heading for one in documents for chunk in one.chunks for heading in chunk.heading}
        found = words_of([*texts, *headings])
        with self._lock:
            if self._listed is None:
                self._listed = self.read()
            new = found - self._listed
            self._put(sorted(new))
            self._listed |= new

    def join(self) -> None:
        """Put many small records together; those that another process adds meanwhile stay as they are."""
        names = [record.name for record in self._catalog.each(_KIND)]
        if len(names) > _MAX_RECORDS:
            self._put(sorted(self.read()))
            self._catalog.delete(_KIND, names)

    def _put(self, words: Sequence[str]) -> None:
        self._catalog.put([Record(_KIND, uuid4().hex, {"words": batch}) for batch in batched(words, _AT_ONCE)])
