"""Passages by their ids, with the text before and after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wherein.errors import UsageError
from wherein.search.hits import Hit, checked_hit
from wherein.search.stored_passages import read_passages
from wherein.storage.catalog.documents import chunks_around

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["Passages", "passages_around"]


@dataclass(frozen=True)
class Passages:
    """A passage, and those `before` and `after` it in its document, in its order; none has a rank or a score."""

    passage: Hit
    before: tuple[Hit, ...] = ()
    after: tuple[Hit, ...] = ()


def passages_around(db: Catalog, chunk: int, neighbors: int) -> Passages:
    """Return the passage with the id `chunk`, and at most `neighbors` on each side. Call inside a snapshot.

    Raises UsageError when there is no such passage, Damaged when one is not what was stored.
    """
    ids = chunks_around(db, chunk, neighbors)
    if chunk not in ids:
        raise UsageError(f"There is no passage {chunk}; its document may have been read again, so ask again")
    found = {passage.chunk: checked_hit(passage) for passage in read_passages(db, ids)}
    index = ids.index(chunk)
    before, after = (tuple(found[one] for one in part) for part in (ids[:index], ids[index + 1 :]))
    return Passages(found[chunk], before, after)
