"""The words of a library's passages, as they are spelled."""

from __future__ import annotations

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.words import read_words
from wherein.storage.index.keyword_index import Part
from wherein.storage.index.postings import Postings
from wherein.storage.index.postings_file import PostingsFile
from wherein.storage.index.word_list import WordList, group_words

__all__ = ["Vocabulary"]


class Vocabulary:
    """Reads the words of the parts of an index; for one thread at a time."""

    def __init__(self, db: Catalog) -> None:
        self._db = db
        self._delta: tuple[Postings, WordList] | None = None

    def words(self, part: Part) -> WordList:
        """Return the words of a part. Call inside its snapshot. Raises Damaged when they are damaged."""
        if isinstance(part.postings, PostingsFile):
            try:
                return part.postings.words
            except ValueError as error:
                raise Damaged(f"The index of keywords is damaged ({error}); run: wherein repair") from error
        if self._delta is None or self._delta[0] is not part.postings:
            ids = part.postings.ids
            words = read_words(self._db, int(ids[0]) - 1) if len(ids) else set[str]()
            self._delta = part.postings, group_words(words)
        return self._delta[1]
