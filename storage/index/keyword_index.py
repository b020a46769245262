"""Which passages a term occurs in, from the active generation and the delta together, as of one committed state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import highest_used_id
from wherein.storage.catalog.term_counts import count_rows, read_terms
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation
from wherein.storage.index.postings import Mask, Postings, TermPostings, collect, merge
from wherein.storage.index.postings_file import PostingsFile

__all__ = ["KeywordIndex", "Part", "load_keywords"]


@dataclass(frozen=True)
class Part:
    """Some passages' postings; `live` bool [n] marks the passages that still exist, None means all of them."""

    postings: Postings | PostingsFile
    live: Mask | None = None

    def find(self, term: int) -> TermPostings:
        """Return the postings of a term, deleted passages included. Raises Damaged when they are damaged."""
        try:
            return self.postings.find(term)
        except ValueError as error:
            raise Damaged(f"The index of keywords is damaged ({error}); run: wherein repair") from error


@dataclass(frozen=True)
class KeywordIndex:
    """The terms of one committed state, in which `version` was the highest id that a passage ever had.

    `parts` are the generation and the delta, which is every passage with a higher id than the generation's. `count` is
    the number of passages that exist, `length` the number of terms in all of them.
    """

    version: int
    generation: Generation | None
    parts: tuple[Part, Part]
    count: int
    length: int


def load_keywords(db: Catalog, folder: Path, known: KeywordIndex | None) -> KeywordIndex:
    """Return the terms of the state that `db` sees; `known` itself when no passage came or went since.

    Call inside `snapshot`. `known` is the index of the same state or an earlier one, loaded by any connection. An
    unchanged generation is not opened again, and of the delta only new rows are read: the terms of a passage never
    change. Deleted passages are looked for only when the number of passages shows that there are some. Raises Damaged
    when a part is damaged.
    """
    generation, version, total = active_generation(db, KEYWORDS), highest_used_id(db, "chunks"), count_rows(db)
    # Ids are never used again: while the highest stays, passages can only go, and then their number shrinks.
    if known is not None and (known.generation, known.version, known.count) == (generation, version, total):
        return known
    highest = generation.highest_id if generation else 0
    folded: Postings | PostingsFile
    if generation is None:
        folded = collect(())
    elif known is not None and known.generation == generation:
        folded = known.parts[0].postings
    else:
        folded = load_postings(folder, generation)
    delta = _delta(db, highest, known if known and known.generation == generation else None)
    parts: tuple[Part, Part] = (Part(folded), Part(delta))
    if total != len(folded.ids) + len(delta.ids):  # equal numbers: all of them exist
        live = np.array([number for (number,) in db.execute("SELECT id FROM chunks ORDER BY id").fetchall()], np.int64)
        parts = _live_part(folded, live), _live_part(delta, live)
    length = sum(_length(part) for part in parts)
    return KeywordIndex(version, generation, parts, total, length)


def _delta(db: Catalog, highest: int, known: KeywordIndex | None) -> Postings:
    """Return the postings of the passages with an id over `highest`; those in `known` are not read again."""
    delta = known.parts[1].postings if known else collect(())
    assert isinstance(delta, Postings)
    last = int(delta.ids[-1]) if len(delta.ids) else highest
    return merge(delta, collect(read_terms(db, last)))


def _live_part(postings: Postings | PostingsFile, live: npt.NDArray[np.int64]) -> Part:
    exists = np.isin(postings.ids, live, assume_unique=True)
    return Part(postings, None if exists.all() else exists)


def _length(part: Part) -> int:
    lengths = part.postings.lengths if part.live is None else part.postings.lengths[part.live]
    return int(lengths.sum(dtype=np.int64))
