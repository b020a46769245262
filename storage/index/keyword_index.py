"""Which passages a term occurs in, from the active generation and the delta together, as of one committed state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.schema import highest_used_id
from wherein.storage.catalog.term_counts import all_chunks, count_rows, read_terms, removed_chunks
from wherein.storage.disk.recent import Recent
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation
from wherein.storage.index.postings import Mask, Postings, TermPostings, collect, merge, united
from wherein.storage.index.postings_file import PostingsFile
from wherein.storage.index.segments import Segment, segments_of

__all__ = ["KeywordIndex", "Part", "load_keywords"]

_MAX_SCORED = 2_000_000  # of 4 bytes each


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

    def find_any(self, terms: Sequence[int]) -> TermPostings:
        """Return the postings of some terms as if they were one; see `find`."""
        found = [self.find(term) for term in terms]
        return united(found, len(self.postings.ids)) if len(found) > 1 else found[0]


@dataclass(frozen=True)
class KeywordIndex:
    """The terms of one committed state, in which `version` was the highest id that a passage ever had.

    `parts` are the generation, and the delta, which is every passage with a higher id than the generation's: first its
    `segments`, last what is in none of them. `count` is the number of passages that exist, `length` the number of terms
    in all of them. `scored` keeps what was computed from the postings of recent terms, up to _MAX_SCORED numbers.
    """

    version: int
    generation: Generation | None
    parts: tuple[Part, ...]
    count: int
    length: int
    segments: tuple[Segment, ...] = ()
    scored: Recent[object, Any] = field(default_factory=lambda: Recent(_MAX_SCORED), repr=False, compare=False)

    def frequencies(self, terms: Iterable[int]) -> dict[int, int]:
        """Return in how many passages each term occurs. Raises Damaged when its postings are damaged."""
        return {term: sum(part.find(term).count(part.live) for part in self.parts) for term in terms}

    def occurs(self, term: int) -> bool:
        """Whether a passage has a term. Raises Damaged when its postings are damaged."""
        for part in self.parts:
            found = part.find(term)
            # A term without positions is one that half of all passages have.
            if found.positions is None or found.count(part.live):
                return True
        return False


def load_keywords(db: Catalog, folder: Path, known: KeywordIndex | None) -> KeywordIndex:
    """Return the terms of the state that `db` sees; `known` itself when no passage or file came or went since.

    Call inside `snapshot`. `known` is the index of the same state or an earlier one, loaded by any connection. An
    unchanged generation is not opened again, and of the delta only new rows are read: the terms of a passage never
    change. Deleted passages are looked for only when the number of passages shows that there are some. Raises Damaged
    when a part is damaged.
    """
    generation, version, total = active_generation(db, KEYWORDS), highest_used_id(db, "chunks"), count_rows(db)
    segments = segments_of(db, folder, generation)
    # Ids are never used again: while the highest stays, passages can only go, and then their number shrinks. The
    # segments as well: a repair ends the use of a damaged one, and no passage comes or goes.
    state = generation, segments, version, total
    if known is not None and (known.generation, known.segments, known.version, known.count) == state:
        return known
    files = [*([generation] if generation else []), *(segment.content for segment in segments)]
    opened = _opened(known)
    postings: list[Postings | PostingsFile] = [opened.get(file) or load_postings(folder, file) for file in files]
    postings = postings or [collect(())]
    unchanged = known is not None and (known.generation, known.segments) == (generation, segments)
    delta = _delta(db, files[-1].highest_id if files else 0, known if unchanged else None)
    parts = _live_parts(db, [*postings, delta], total)
    length = sum(_length(part) for part in parts)
    return KeywordIndex(version, generation, parts, total, length, segments)


def _opened(known: KeywordIndex | None) -> dict[Generation, Postings | PostingsFile]:
    """Return the postings of the files that are open."""
    if known is None or known.generation is None:
        return {}
    files = known.generation, *(segment.content for segment in known.segments)
    return {file: part.postings for file, part in zip(files, known.parts, strict=False)}  # the delta has no file


def _delta(db: Catalog, highest: int, known: KeywordIndex | None) -> Postings:
    """Return the postings of the passages with an id over `highest`; those in `known` are not read again."""
    delta = known.parts[-1].postings if known else collect(())
    assert isinstance(delta, Postings)
    last = int(delta.ids[-1]) if len(delta.ids) else highest
    return merge(delta, collect(read_terms(db, last)))


def _live_parts(db: Catalog, postings: Sequence[Postings | PostingsFile], total: int) -> tuple[Part, ...]:
    """Return postings with their passages that still exist; there are `total` of these."""
    parts = tuple(map(Part, postings))
    if total == _count(parts):  # equal numbers: all of them exist
        return parts
    removed = removed_chunks(db)
    parts = tuple(_without(one, removed) for one in postings)
    if total == _count(parts):
        return parts
    live = all_chunks(db)  # the record of what was removed is not complete, which happens after a repair
    return tuple(Part(one, np.isin(one.ids, live)) for one in postings)


def _without(postings: Postings | PostingsFile, removed: npt.NDArray[np.int64]) -> Part:
    """Return postings without some passages, whose ids ascend and which need not be among theirs."""
    positions = np.searchsorted(postings.ids, removed)
    inside = positions < len(postings.ids)
    positions = positions[inside][postings.ids[positions[inside]] == removed[inside]]
    if not len(positions):
        return Part(postings)
    live = np.ones(len(postings.ids), np.bool_)
    live[positions] = False
    return Part(postings, live)


def _count(parts: Sequence[Part]) -> int:
    return sum(len(part.postings.ids) if part.live is None else int(np.count_nonzero(part.live)) for part in parts)


def _length(part: Part) -> int:
    lengths = part.postings.lengths if part.live is None else part.postings.lengths[part.live]
    return int(lengths.sum(dtype=np.int64))
