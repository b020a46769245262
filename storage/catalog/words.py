"""The words that a text spells out: what a misspelt word of a question is compared with.

A word is made of letters alone and is folded as a term is, but not stemmed: endings are misspelt as often as stems.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.raw_chunks import readable_headings
from wherein.storage.catalog.terms import (
    PieceCache,
    has_unspaced,
    is_letters,
    is_usual,
    plain_word,
    word_terms,
    words_in,
)
from wherein.storage.catalog.texts import Span, read_spans

__all__ = ["LONGEST", "SHORTEST", "read_words", "respell_word", "spelled_parts", "term_of_word", "words_of"]

SHORTEST, LONGEST = 3, 32
"""The letters of the shortest and of the longest word; a longer run of letters is rarely one."""

_BATCH_SIZE = 2_048
_CHUNKS = (
    'SELECT c.id, c.heading, d.title, d.id, c.start, c."end" FROM chunks c JOIN documents d ON d.id = c.document_id'
    " WHERE c.id > ? ORDER BY c.id LIMIT ?"
)
_PART = re.compile(r"[^-'’]+")


def spelled_parts(word: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a word that are made of letters alone, as they are written and folded.

    Nothing for an identifier, which has digits, other signs than hyphens and apostrophes, or capitals after small
    letters; nothing for scripts without spaces, and for parts that are too short or too long.
    """
    parts = [(part, plain_word(part)) for part in _PART.findall(word)]
    if all(_is_spelled(*part) for part in parts):
        yield from (part for part in parts if SHORTEST <= len(part[1]) <= LONGEST)


def respell_word(word: str, searched: Mapping[str, str]) -> str:
    """Return a word with other parts in place of those that `searched` has, folded as in `spelled_parts`."""
    others = {part: searched[folded] for part, folded in spelled_parts(word) if folded in searched}
    return _PART.sub(lambda match: others.get(match.group(), match.group()), word) if others else word


def _is_spelled(part: str, folded: str) -> bool:
    is_cased = part.islower() or part.isupper() or part == part.capitalize()
    return is_cased and is_letters(folded) and not has_unspaced(folded)


def words_of(texts: Iterable[str]) -> set[str]:
    """Return the words that texts spell out."""
    distinct = set(chain.from_iterable(map(str.split, texts)))
    return set(chain.from_iterable(map(_pieces().__getitem__, distinct)))


@cache
def _pieces() -> PieceCache[tuple[str, ...]]:
    def compute(piece: str) -> tuple[str, ...]:
        word = piece.rstrip(",.;:)")
        if is_usual(word):
            return (word.lower(),) if SHORTEST <= len(word) <= LONGEST else ()
        return tuple(part for found in words_in(piece) for _, part in spelled_parts(found))

    return PieceCache(compute)


def term_of_word(word: str) -> int | None:
    """Return the term of a folded word from `spelled_parts`."""
    return next((terms[0] for _, terms in word_terms(word)), None)


def read_words(db: Catalog, above: int = 0) -> set[str]:
    """Return the words of the chunks with an id over `above`, of their headings and of their documents' titles.

    Call inside a snapshot. What is damaged is left out: verify reports it.
    """
    found = set[str]()
    while chunks := db.execute(_CHUNKS, [above, _BATCH_SIZE]).fetchall():
        ids, headings, titles, *spans = zip(*chunks, strict=True)
        passages = read_spans(db, list(map(Span, *spans)))
        found |= words_of(passage.text for passage in passages if passage.text)
        found |= words_of({title for title in titles if isinstance(title, str)})
        found |= words_of(heading for raw in set(headings) for heading in readable_headings(raw))
        above = ids[-1]
    return found
