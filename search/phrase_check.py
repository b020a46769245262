"""Whether passages hold the phrases of a question and none that it excludes: only their texts can tell."""

from __future__ import annotations

from collections.abc import Sequence

from wherein.search.hits import StoredPassage
from wherein.search.query_syntax import ParsedQuestion, Phrase
from wherein.search.stored_passages import MAX_LENGTH, read_passages
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import folded_text

__all__ = ["MAX_TEXTS", "PhraseCheck"]

MAX_TEXTS = 3_000
"""Passages whose texts are read for the phrases of one question."""

_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_EDGE = "\n"  # no phrase spans it


class PhraseCheck:
    """Checks passages for one question, each once; the texts of at most `limit`, beyond which none passes.

    A passage holds a phrase that is in its text, in one of its headings or in the title of its document. `is_cut`
    becomes True when there were more. The results hold in later snapshots, too: a passage that changes gets another id.
    """

    def __init__(self, db: Catalog, question: ParsedQuestion, limit: int = MAX_TEXTS) -> None:
        self.question = question
        self.limit = limit
        self.is_cut = False
        self._db = db
        self._quoted = (*question.phrases, *question.wanted)
        self._excluded = [phrase for phrase in question.excluded if not phrase.is_word]
        self._held: dict[int, tuple[Phrase, ...]] = {}
        self._is_excluded: set[int] = set()

    @property
    def is_needed(self) -> bool:
        """Whether the question requires phrases, or excludes one that the terms of a passage do not show."""
        return bool(self.question.phrases or self._excluded)

    def passing(self, chunks: Sequence[int]) -> list[int]:
        """Return those passages that pass, in the same order. Call inside a snapshot."""
        self.read(chunks)
        required = set(self.question.phrases)
        return [
            chunk
            for chunk in chunks
            if chunk not in self._is_excluded and required.issubset(self._held.get(chunk, ())) and chunk in self._held
        ]

    def read(self, chunks: Sequence[int], *, limited: bool = True) -> bool:
        """Read those passages that are not known yet, and return whether the limit leaves room for all of them.

        Call inside a snapshot.
        """
        unknown = [chunk for chunk in chunks if chunk not in self._held]
        room = max(self.limit - len(self._held), 0) if limited else len(unknown)
        for passage in read_passages(self._db, unknown[:room]):
            self._learn(passage)
        self.is_cut |= len(unknown) > room
        return len(unknown) <= room

    def held(self, chunk: int) -> tuple[Phrase, ...]:
        """Return which of the quoted phrases a passage holds; none where it was not read."""
        return self._held.get(chunk, ())

    def is_excluded(self, chunk: int) -> bool:
        """Return whether a passage is known to hold an excluded phrase of several words."""
        return chunk in self._is_excluded

    def _learn(self, passage: StoredPassage) -> None:
        parts = [part[:MAX_LENGTH] for part in (str(passage.text), str(passage.title), *passage.headings)]
        letters = [_letters(part) for part in parts]
        asked = [phrase for phrase in (*self._quoted, *self._excluded) if _may_hold(letters, phrase)]
        text = _EDGE.join(map(folded_text, parts)) if asked else ""
        found = {phrase for phrase in asked if phrase.pattern.search(text)}
        self._held[passage.chunk] = tuple(phrase for phrase in self._quoted if phrase in found)
        if not found.isdisjoint(self._excluded):
            self._is_excluded.add(passage.chunk)


def _letters(text: str) -> bytes | None:
    """Return the letters and digits of a text in ASCII, None for another text."""
    return text.encode().lower().translate(None, _NO_LETTERS) if text.isascii() else None


def _may_hold(letters: Sequence[bytes | None], phrase: Phrase) -> bool:
    """Whether one of some texts has the letters of a phrase: to fold every text takes twenty times as long."""
    return any(own is None or phrase.letters in own for own in letters)
