"""Whether passages hold the phrases of a question and none that it excludes: only their texts can tell."""

from __future__ import annotations

from collections.abc import Sequence

from wherein.search.query_syntax import ParsedQuestion
from wherein.search.stored_passages import MAX_LENGTH, read_passages
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import folded_text

__all__ = ["MAX_TEXTS", "PhraseCheck"]

MAX_TEXTS = 3_000
"""Passages whose texts are read for the phrases of one question."""


class PhraseCheck:
    """Checks passages for one question, each once; the texts of at most `limit`, beyond which none passes.

    `is_cut` becomes True when there were more. The results hold in later snapshots, too: a passage that changes gets
    another id.
    """

    def __init__(self, db: Catalog, question: ParsedQuestion, limit: int = MAX_TEXTS) -> None:
        self.question = question
        self.is_cut = False
        self._db = db
        self._limit = limit
        self._passes: dict[int, bool] = {}

    @property
    def is_needed(self) -> bool:
        """Whether the question has phrases, or excludes one that the terms of a passage do not show."""
        return bool(self.question.phrases) or not all(phrase.is_word for phrase in self.question.excluded)

    def passing(self, chunks: Sequence[int]) -> list[int]:
        """Return those passages that pass, in the same order. Call inside a snapshot."""
        unknown = [chunk for chunk in chunks if chunk not in self._passes]
        room = self._limit - len(self._passes)
        self.is_cut |= len(unknown) > room
        for passage in read_passages(self._db, unknown[:room]):
            self._passes[passage.chunk] = self._holds(folded_text(str(passage.text)[:MAX_LENGTH]))
        return [chunk for chunk in chunks if self._passes.get(chunk)]

    def _holds(self, text: str) -> bool:
        if not all(phrase.pattern.search(text) for phrase in self.question.phrases):
            return False
        return not any(phrase.pattern.search(text) for phrase in self.question.excluded if not phrase.is_word)
