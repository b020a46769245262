"""The words of a generation's passages, as its file of keywords holds them: what misspelt words are compared with.

They are grouped by their numbers of letters, since a word is compared with those that are about as long, and compressed
as a whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.words import LONGEST, term_of_word

__all__ = ["WordList", "existing_words", "group_words", "pack_words", "unpack_words"]

WordList = tuple[tuple[str, ...], ...]
"""Words by their numbers of letters: those of n letters are at index n."""

# Comparing a word with more takes longer than a question may.
_MAX_WORDS = 400_000


def group_words(words: Iterable[str]) -> WordList:
    """Return words by their numbers of letters, each group ascending."""
    groups: list[list[str]] = [[] for _ in range(LONGEST + 1)]
    for word in sorted(words):
        groups[len(word)].append(word)
    return tuple(map(tuple, groups))


def pack_words(words: Iterable[str]) -> bytes:
    """Return words of at most LONGEST letters in few bytes."""
    return zlib.compress("\n\n".join(map("\n".join, group_words(words))).encode())


def unpack_words(raw: bytes) -> WordList:
    """Return the words that `pack_words` packed. Raises ValueError when these cannot be such bytes."""
    try:
        groups = zlib.decompress(raw).decode().split("\n\n")
    except (zlib.error, UnicodeDecodeError) as error:
        raise ValueError("its list of words cannot be unpacked") from error
    return tuple(tuple(group.split("\n")) if group else () for group in groups)


def existing_words(
    words: Iterable[str], terms: npt.NDArray[np.uint64], frequencies: npt.NDArray[np.int64]
) -> list[str]:
    """Return those of some words whose terms occur, the most frequent ones if they are too many.

    `terms` [t] are all that occur, ascending, and `frequencies` [t] are their numbers of passages.
    """
    candidates = list(words)
    own = np.array([term_of_word(word) or 0 for word in candidates], np.uint64)
    at = np.minimum(np.searchsorted(terms, own), max(len(terms) - 1, 0))
    found = np.flatnonzero(terms[at] == own) if len(terms) else at[:0]
    if len(found) > _MAX_WORDS:
        found = found[np.argsort(-frequencies[at[found]], kind="stable")[:_MAX_WORDS]]
    return [candidates[position] for position in found.tolist()]
