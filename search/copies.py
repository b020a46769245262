"""Copies of one text: in a ranking that is to be folded, the first few of them stand for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog

__all__ = ["MAX_COPIES", "first_copies", "with_texts"]

MAX_COPIES = 50
"""Passages with one text that an answer considers when it shows those that say the same only once."""

_TEXTS = "SELECT id, input_hash FROM chunks WHERE id IN ({})"


def first_copies(passages: Iterable[tuple[int, Hashable]], most: int | None) -> list[int]:
    """Return the passages in order, of each text the first `most`; all if that is None.

    `passages` are ids, each with what is the same for all passages with its text.
    """
    seen = Counter[Hashable]()
    kept = []
    for chunk, text in passages:
        seen[text] += 1
        if most is None or seen[text] <= most:
            kept.append(chunk)
    return kept


def with_texts(db: Catalog, chunks: Sequence[int]) -> list[tuple[int, Hashable]]:
    """Return the passages in order, each with the hash of its text. Call inside a snapshot."""
    texts = dict(select_in(db, _TEXTS, chunks))
    return [(chunk, texts.get(chunk)) for chunk in chunks]
