"""Which passages of an index pass a question's operators and a filter: decided by their terms, without their texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wherein.search.query_syntax import ParsedQuestion, Phrase
from wherein.storage.filters.selection import Selection
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.postings import Mask

__all__ = ["allowed", "has_excluded_word", "has_words", "selected"]


def allowed(index: KeywordIndex, number: int, question: ParsedQuestion, selection: Selection | None) -> Mask:
    """Return which passages of a part of the index may be shown; whether they hold the phrases needs their texts."""
    left = selected(index, number, selection)
    for phrase in question.phrases:
        left &= has_words(index, number, phrase)
    return left & ~has_excluded_word(index, number, question)


def selected(index: KeywordIndex, number: int, selection: Selection | None) -> Mask:
    """Return which passages of a part of the index exist and pass the filter."""
    part = index.parts[number]
    # A copy, because the index keeps its own.
    left: Mask = np.ones(len(part.postings.ids), np.bool_) if part.live is None else part.live.copy()
    if selection is not None:
        left &= np.isin(part.postings.ids, selection.chunks)
    return left


def has_words(index: KeywordIndex, number: int, phrase: Phrase) -> Mask:
    """Return which passages of a part of the index have all words of a phrase."""
    left: Mask = np.ones(len(index.parts[number].postings.ids), np.bool_)
    for alternatives in phrase.required:
        left &= np.logical_or.reduce([_holds_all(index, number, terms) for terms in alternatives])
    return left


def has_excluded_word(index: KeywordIndex, number: int, question: ParsedQuestion) -> Mask:
    """Return which passages of a part of the index have a word that is excluded; whole phrases need the texts."""
    excluded: Mask = np.zeros(len(index.parts[number].postings.ids), np.bool_)
    for phrase in question.excluded:
        if phrase.is_word:  # its own term precedes those of its parts
            excluded |= _holds_all(index, number, phrase.required[0][0][:1])
    return excluded


def _holds_all(index: KeywordIndex, number: int, terms: Sequence[int]) -> Mask:
    part = index.parts[number]
    held = np.zeros(len(part.postings.ids), np.uint16)
    for term in terms:
        held += part.find(term).mask(len(held))
    all_held: Mask = held == len(terms)
    return all_held
