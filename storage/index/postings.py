"""Which chunks a term occurs in, and how often, for a few chunks in memory; see storage/index/postings_file.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import TermRows
from wherein.storage.catalog.terms import TERM_BITS

__all__ = [
    "Bytes",
    "Family",
    "Mask",
    "Positions",
    "Postings",
    "TermPostings",
    "collect",
    "distinct_terms",
    "merge",
    "order_of_terms",
    "sum_counts",
    "united",
]

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]
Family = tuple[int, ...]
"""A term, followed by others that count as the same word."""


@dataclass(frozen=True)
class TermPostings:
    """The postings of one term: `positions` uint32 [n] of chunks in `Postings.ids`, ascending; counts uint8 [n].

    Where `positions` is None, `body` and `fields` have an item for every chunk, which are both 0 where the term does
    not occur.
    """

    positions: Positions | None
    body: Bytes
    fields: Bytes

    def mask(self, count: int) -> Mask:
        """Return which of `count` chunks the term occurs in."""
        if self.positions is None:
            return (self.body > 0) | (self.fields > 0)
        mask = np.zeros(count, np.bool_)
        mask[self.positions] = True
        return mask

    def count(self, live: Mask | None) -> int:
        """Return in how many chunks of those in `live` the term occurs; None stands for all chunks."""
        if self.positions is None:
            mask = self.mask(len(self.body))
            return int(np.count_nonzero(mask if live is None else mask & live))
        return len(self.positions) if live is None else int(np.count_nonzero(live[self.positions]))


@dataclass(frozen=True)
class Postings:
    """The terms of some chunks, in memory: `ids` int64 [n] ascending, `lengths` uint32 [n] of their passages in terms.

    `terms` uint64 [t] are ascending; the postings of term i are those from `starts[i]` to `starts[i + 1]`: `positions`
    uint32 [p] of chunks in `ids`, `body` uint8 [p] and `fields` uint8 [p] as in `term_counts.ENTRY`.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    terms: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    positions: Positions
    body: Bytes
    fields: Bytes

    def find(self, term: int) -> TermPostings:
        """Return the postings of a term."""
        # NumPy would compare a plain int, which it takes for an int64, and the terms as float64.
        index = int(np.searchsorted(self.terms, np.uint64(term)))
        if index == len(self.terms) or int(self.terms[index]) != term:
            return TermPostings(self.positions[:0], self.body[:0], self.fields[:0])
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        return TermPostings(self.positions[first:last], self.body[first:last], self.fields[first:last])


def collect(rows: Iterable[TermRows]) -> Postings:
    """Return the postings of chunks, in memory."""
    parts = list(rows)
    if not parts:
        return _empty()
    sizes = np.concatenate([part.sizes for part in parts])
    entries = np.concatenate([part.entries for part in parts])
    positions = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
    ids, lengths = np.concatenate([part.ids for part in parts]), np.concatenate([part.lengths for part in parts])
    return _sorted(ids, lengths, entries["term"], positions, entries["body"], entries["fields"])


def merge(first: Postings, second: Postings) -> Postings:
    """Return the postings of the chunks of both; the ids of `second` follow those of `first`."""
    if not len(first.ids):
        return second
    if not len(second.ids):
        return first
    terms = [np.repeat(part.terms, np.diff(part.starts)) for part in (first, second)]
    return _sorted(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.lengths, second.lengths]),
        np.concatenate(terms),
        np.concatenate([first.positions, second.positions + np.uint32(len(first.ids))]),
        np.concatenate([first.body, second.body]),
        np.concatenate([first.fields, second.fields]),
    )


def united(found: Sequence[TermPostings], count: int) -> TermPostings:
    """Return the postings of some terms in the same `count` chunks as if they were one term."""
    if any(one.positions is None for one in found):
        everywhere = [_everywhere(one, count) for one in found]
        body, fields = (np.concatenate(arrays) for arrays in zip(*everywhere, strict=True))
        order = np.arange(len(body)).reshape(len(found), count).T.ravel()
        return TermPostings(None, *sum_counts(body[order], fields[order], np.arange(count) * len(found)))
    positions = np.concatenate([one.positions for one in found if one.positions is not None])
    order = np.argsort(positions, kind="stable")
    distinct, starts = np.unique(positions[order], return_index=True)
    body, fields = (np.concatenate([getattr(one, name) for one in found])[order] for name in ("body", "fields"))
    return TermPostings(distinct, *sum_counts(body, fields, starts))


def _everywhere(postings: TermPostings, count: int) -> tuple[Bytes, Bytes]:
    """Return the counts of a term in all of `count` chunks."""
    if postings.positions is None:
        return postings.body, postings.fields
    body, fields = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    body[postings.positions], fields[postings.positions] = postings.body, postings.fields
    return body, fields


def sum_counts(body: Bytes, fields: Bytes, starts: npt.NDArray[np.int64], axis: int = 0) -> tuple[Bytes, Bytes]:
    """Add up the counts of terms, from each index in `starts` on; a sum over the largest that can be stored is cut."""

    def added(counts: Bytes, most: int) -> Bytes:
        return np.minimum(np.add.reduceat(counts, starts, axis=axis, dtype=np.uint16), most).astype(np.uint8)

    headings, titles = (added(counts, 15) for counts in (fields >> np.uint8(4), fields & np.uint8(15)))
    return added(body, 255), (headings << np.uint8(4)) | titles


def _empty() -> Postings:
    positions, counts = np.empty(0, np.uint32), np.empty(0, np.uint8)
    terms, starts = np.empty(0, np.uint64), np.zeros(1, np.int64)
    return Postings(np.empty(0, np.int64), positions, terms, starts, positions, counts, counts)


def _sorted(ids: Any, lengths: Any, terms: Any, positions: Positions, body: Bytes, fields: Bytes) -> Postings:
    order = order_of_terms(terms)
    distinct, starts = distinct_terms(terms[order])
    return Postings(ids, lengths, distinct, starts, positions[order], body[order], fields[order])


def order_of_terms(terms: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the order in which terms of 40 bits ascend, int64 of their length; equal ones stay in theirs."""
    # By 16 bits at a time, for which NumPy has a radix sort: a quarter of the time that sorting whole terms takes.
    parts = np.ascontiguousarray(terms, "<u8").view("<u2").reshape(-1, 4)[:, : -(-TERM_BITS // 16)]
    return np.lexsort(parts.T)


def distinct_terms(terms: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the distinct ones of ascending terms, and the index of each one's first, with the length at the end."""
    new = np.flatnonzero(terms[1:] != terms[:-1]) + 1
    starts = np.concatenate([np.zeros(min(1, len(terms)), np.int64), new])
    return terms[starts], np.append(starts, len(terms)).astype(np.int64)
