"""The exact answer, computed by NumPy from one committed state of a catalog without any of the product's code."""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from stored_texts import TEXT

__all__ = ["Found", "Passage", "State", "found", "mistake", "read_passages", "read_state"]

# NumPy and FAISS add in different orders; scores that differ by less than this count as equal.
TOLERANCE = 1e-5

_PASSAGES = (
    f'SELECT d.uri, c.start, c."end", {TEXT}, v.vector FROM documents d JOIN chunks c ON c.document_id = d.id'
    " LEFT JOIN vectors v ON v.input_hash = c.input_hash"
)

Passage = tuple[str, int, int, int]
"""A document's URI, the start and end of a chunk in characters, and the CRC-32 of the text that is shown for it."""
Found = tuple[float, str, int, int, int]
"""A hit: its score and its passage."""


@dataclass(frozen=True)
class State:
    """All passages of a library, and their vectors `[n, dimension]`."""

    passages: Sequence[Passage]
    vectors: np.ndarray

    @cached_property
    def rows(self) -> dict[Passage, int]:
        return {passage: row for row, passage in enumerate(self.passages)}


def read_passages(db: sqlite3.Connection) -> dict[Passage, bytes]:
    """Return every passage of the state that `db` sees, with the bytes of its vector."""
    passages = {}
    texts: dict[str, str] = {}
    for uri, start, end, text, vector in db.execute(_PASSAGES).fetchall():
        assert vector is not None, f"a passage of {uri} has no vector"
        whole = texts.setdefault(uri, text)
        passages[uri, start, end, _crc(whole[start:end])] = vector
    return passages


def read_state(db: sqlite3.Connection) -> State:
    """Return the state that `db` sees."""
    passages = read_passages(db)
    vectors = np.frombuffer(b"".join(passages.values()), "<f2").astype(np.float32)
    return State(list(passages), vectors.reshape(len(passages), -1 if passages else 0))


def found(hits: Iterable[Any]) -> list[Found]:
    """Return the part of an answer's hits that is compared."""
    return [(hit.score, hit.uri, hit.start, hit.end, _crc(hit.text)) for hit in hits]


def mistake(state: State, question: np.ndarray, k: int, hits: Sequence[Found]) -> str | None:
    """Return what is wrong with the answer to `question` `[dimension]`, None when it is exact.

    An exact answer has `min(k, n)` different passages of the state, each with its own score, in descending order; no
    passage with a higher score is left out. Of passages whose scores equal the last one, any may be left out.
    """
    wanted = min(k, len(state.passages))
    if len(hits) != wanted:
        return f"{len(hits)} hits instead of {wanted}"
    if not hits:
        return None
    scores = state.vectors @ question
    scored = np.array([hit[0] for hit in hits])
    best = np.sort(scores)[::-1][:wanted]
    if np.abs(scored - best).max() > TOLERANCE:
        return f"scores {scored.tolist()} instead of {best.tolist()}"
    if (np.diff(scored) > 0).any():
        return f"scores out of order: {scored.tolist()}"
    return _wrong_passage(state, scores, hits)


def _wrong_passage(state: State, scores: np.ndarray, hits: Sequence[Found]) -> str | None:
    passages = {hit[1:] for hit in hits}
    if len(passages) != len(hits):
        return "a passage occurs twice"
    for hit in hits:
        row = state.rows.get(hit[1:])
        if row is None:
            return f"no such passage: {hit[1:]}"
        if abs(scores[row] - hit[0]) > TOLERANCE:
            return f"{hit[1:]} has {scores[row]} and not {hit[0]}"
    for row in np.flatnonzero(scores > hits[-1][0] + TOLERANCE):
        if state.passages[row] not in passages:
            return f"left out: {state.passages[row]} with {scores[row]}"
    return None


def _crc(text: str) -> int:
    return zlib.crc32(text.encode())
