"""The locations of near-copies that were read lately: a question lists up to 20 for each hit, mostly the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wherein.search.hits import Place
from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.recent import Recent

__all__ = ["KnownPlace", "KnownPlaces", "RowState", "read_states"]

_MAX_KNOWN = 10_000
_STATES = (
    "SELECT c.id, d.id, c.checksum, d.checksum FROM chunks c CROSS JOIN documents d ON d.id = c.document_id"
    " WHERE c.id IN ({})"
)


class RowState(NamedTuple):
    """The document of a passage and the checksums of both rows: while these stay, so do place and text."""

    document: int
    chunk_checksum: int
    document_checksum: int


class KnownPlace(NamedTuple):
    """The place of a passage in some state; None where it does not say the same as a hit."""

    state: RowState
    place: Place | None


class KnownPlaces(Recent[tuple[int, int], KnownPlace]):
    """What is known of pairs of passages, a hit's and one that was left out for it; of at most 10,000."""

    def __init__(self) -> None:
        super().__init__(_MAX_KNOWN)

    def has(self, pair: tuple[int, int], state: RowState) -> bool:
        """Whether the place of the second is known, in the state that it has now."""
        return pair in self and self[pair].state == state


def read_states(db: Catalog, chunks: Sequence[int]) -> dict[int, RowState]:
    """Return the states of passages by their ids; one that is not stored, or whose document is not, is missing."""
    return {chunk: RowState(*state) for chunk, *state in select_in(db, _STATES, chunks)}
