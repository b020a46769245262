"""How contexts are ranked when they are measured: a mode makes a function from questions to ranks of candidates.

    mode(candidates) -> ranking
    ranking(questions, n) -> for each question, in order: (places, scores), the best n, best first

`places` int64 `[<= n]` count the candidates' texts from 0, `scores` float `[<= n]` do not rise. A ranking may leave out
what does not match at all. A further mode is one function and one entry in `MODES`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.embed.encoder import Encoder, Matrix
from wherein.errors import UsageError
from wherein.evaluation.vector_cache import kept_vectors, store_vectors
from wherein.search.bm25 import index_texts, score_texts
from wherein.search.fusion import fuse_best
from wherein.search.hybrid import CANDIDATES, to_read
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.keyword_index import KeywordIndex

__all__ = [
    "MODES", "Candidates", "Mode", "Ranked", "Ranking", "best", "find_mode", "hybrid", "keyword", "semantic",
]  # fmt: skip

Ranked = tuple[npt.NDArray[np.int64], npt.NDArray[Any]]
Ranking = Callable[[Sequence[str], int], Iterable[Ranked]]

# So many texts are calculated, told about and kept at a time.
_PIECE = 64
# So many scores are in memory at a time: 64 MB.
_SCORES = 16_000_000


class Candidates:
    """The texts to be ranked. Their vectors are calculated when a mode asks for them, and only once.

    `cache` is a folder that keeps vectors from one run to the next. `report` is told how far the work is.
    """

    def __init__(
        self,
        texts: Sequence[str],
        encoder: Encoder,
        *,
        cache: Path | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.texts = texts
        self.encoder = encoder
        self._cache = cache
        self._report = report
        self._terms: dict[int, list[int]] = {}

    @cached_property
    def vectors(self) -> Matrix:
        """The vectors of the texts, `[len(texts), dimension]`."""
        return self._encode("contexts", self.encoder.encode_contexts, self.texts)

    @cached_property
    def keywords(self) -> KeywordIndex:
        """The index of the texts' words; a text's place is its id."""
        return index_texts(self.texts)

    def terms(self, place: int) -> list[int]:
        """Return the terms of the text at `place`, in their order."""
        if place not in self._terms:
            self._terms[place] = list(terms_of(self.texts[place]))
        return self._terms[place]

    def question_vectors(self, questions: Sequence[str]) -> Matrix:
        """Return the vectors of questions, `[len(questions), dimension]`."""
        return self._encode("questions", self.encoder.encode_questions, questions)

    def _encode(self, kind: str, encode: Callable[[Sequence[str]], Matrix], texts: Sequence[str]) -> Matrix:
        pieces = []
        for first in range(0, len(texts), _PIECE):
            self._report(f"embedding {kind}: {first:,} of {len(texts):,}")
            pieces.append(self._piece(kind, encode, texts[first : first + _PIECE]))
        return np.concatenate(pieces)

    def _piece(self, kind: str, encode: Callable[[Sequence[str]], Matrix], texts: Sequence[str]) -> Matrix:
        if self._cache is None:
            return encode(texts)
        told = hashlib.sha256(kind.encode())
        for text in texts:
            told.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
        path = self._cache / f"{self.encoder.fingerprint}-{told.hexdigest()[:32]}.vectors"
        vectors = kept_vectors(path, len(texts))
        if vectors is None:
            vectors = encode(texts)
            store_vectors(path, vectors)
        return vectors


Mode = Callable[[Candidates], Ranking]


def semantic(candidates: Candidates) -> Ranking:
    """Rank by the inner product of the vectors, exactly."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        contexts, asked = candidates.vectors, candidates.question_vectors(questions)
        block = max(1, _SCORES // len(contexts))
        for first in range(0, len(asked), block):
            for scores in asked[first : first + block] @ contexts.T:
                yield best(scores, n)

    return ranking


def best(scores: npt.NDArray[Any], n: int) -> Ranked:
    """Return the places and values of the `n` highest scores, highest first; of equal ones the first place first."""
    least = np.partition(scores, len(scores) - n)[len(scores) - n] if n < len(scores) else -np.inf
    places = np.flatnonzero(scores >= least)
    order = places[np.argsort(-scores[places], kind="stable")][:n]
    return order, scores[order]


def keyword(candidates: Candidates) -> Ranking:
    """Rank by BM25 the texts that have a word of the question; quotes and signs are words."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        for question in questions:
            scores, _, _ = score_texts(candidates.keywords, question)
            places, found = best(scores, n)
            yield places[found > 0], found[found > 0]

    return ranking


def hybrid(candidates: Candidates) -> Ranking:
    """Rank as a library does by default, see search/hybrid.py."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        nearest, known = max(n, CANDIDATES), candidates.keywords
        asked = candidates.question_vectors(questions)
        for question, vector in zip(questions, asked, strict=True):
            words, _, found = score_texts(known, question)
            dense = (candidates.vectors @ vector).astype(np.float64)
            places = np.unique(np.concatenate([best(dense, nearest)[0], _with_a_word(best(words, nearest))]))
            fused = fuse_best(
                list(terms_of(question)), places, dense[places], words[places], found.idf,
                lambda read: map(candidates.terms, read), metric=candidates.encoder.model.metric, read=to_read(n),
            )  # fmt: skip
            yield places[fused.places[:n]], fused.scores[:n]

    return ranking


def _with_a_word(ranked: Ranked) -> npt.NDArray[np.int64]:
    places, scores = ranked
    return places[scores > 0]


MODES: dict[str, Mode] = {"hybrid": hybrid, "semantic": semantic, "keyword": keyword}


def find_mode(name: str) -> Mode:
    """Return the mode called `name`. Raises UsageError when there is none."""
    if name not in MODES:
        raise UsageError(f"There is no mode {name}; there are: {', '.join(MODES)}")
    return MODES[name]
