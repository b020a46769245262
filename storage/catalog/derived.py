"""What is stored with a passage and derived from it alone: its terms (`terms`) and its sketch (`sketches`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from wherein.storage.catalog.sketches import save_sketches, sketches_of
from wherein.storage.catalog.term_counts import CountedTerms, pack_counts, save_terms
from wherein.storage.catalog.terms import terms_of
from wherein.storage.disk.batched import batched

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Derived", "Passage", "derive", "save_derived"]

_AT_ONCE = 64


class Passage(NamedTuple):
    """A passage with its headings, and the title of its document."""

    text: str
    headings: Sequence[str]
    title: str


class Derived(NamedTuple):
    """What is stored of a passage in the tables `terms` and `sketches`."""

    terms: CountedTerms
    sketch: bytes


def derive(passages: Sequence[Passage]) -> list[Derived]:
    """Return what is derived from passages: many together take a third of the time that they take one by one."""
    return [own for group in batched(passages, _AT_ONCE) for own in _derive(group)]


def _derive(passages: Sequence[Passage]) -> list[Derived]:
    texts, headings, titles = zip(*passages, strict=True)
    terms = [list(terms_of(text)) for text in texts]
    return list(map(Derived, pack_counts(terms, headings, titles), sketches_of(terms, texts)))


def save_derived(db: Database, chunks: Sequence[int], derived: Sequence[Derived]) -> None:
    """Store what is derived from the passages of chunks, given by their ids. Call inside `writing`."""
    save_terms(db, zip(chunks, (own.terms for own in derived), strict=True))
    save_sketches(db, zip(chunks, (own.sketch for own in derived), strict=True))
