"""The texts of a collection as passages to be ranked, with both indexes in memory."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from vector_cache import read_vectors, store_vectors

from wherein.embed.encoder import Encoder, Matrix
from wherein.search.keyword import Matches, match
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.packed_terms import unpack_rows
from wherein.storage.catalog.term_counts import count_texts
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.keyword_index import KeywordIndex, Part
from wherein.storage.index.postings import collect
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["Candidates", "index_texts"]

# Texts that are embedded, reported and cached together.
_BATCH_SIZE = 64


class Candidates:
    """The texts to be ranked; the index of each in `texts` is its id.

    Vectors are computed when a mode asks for them, and only once. `cache` is a folder that keeps them from one run to
    the next. `report` gets a line of progress for each batch of texts.
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
    def vector_index(self) -> VectorIndex:
        """The exact index of the vectors."""
        return VectorIndex(0, None, None, np.arange(len(self.texts)), self.vectors)

    @cached_property
    def keywords(self) -> KeywordIndex:
        """The index of the texts' words."""
        return index_texts(self.texts)

    def match(self, question: str) -> Matches:
        """Match the words of a question. Quotes and signs are words: a collection's questions use no operators."""
        return match(self.keywords, parse_question(question, operators=False))

    def terms(self, number: int) -> list[int]:
        """Return the terms of a text in their order."""
        if number not in self._terms:
            self._terms[number] = list(terms_of(self.texts[number]))
        return self._terms[number]

    def question_vectors(self, questions: Sequence[str]) -> Matrix:
        """Return the vectors of questions, `[len(questions), dimension]`."""
        return self._encode("questions", self.encoder.encode_questions, questions)

    def _encode(self, kind: str, encode: Callable[[Sequence[str]], Matrix], texts: Sequence[str]) -> Matrix:
        batches = []
        for first in range(0, len(texts), _BATCH_SIZE):
            self._report(f"embedding {kind}: {first:,} of {len(texts):,}")
            batches.append(self._encode_batch(kind, encode, texts[first : first + _BATCH_SIZE]))
        return np.concatenate(batches)

    def _encode_batch(self, kind: str, encode: Callable[[Sequence[str]], Matrix], texts: Sequence[str]) -> Matrix:
        if self._cache is None:
            return encode(texts)
        path = self._cache / f"{self.encoder.fingerprint}-{_name(kind, texts)}.vectors"
        vectors = read_vectors(path, len(texts))
        if vectors is None:
            vectors = encode(texts)
            store_vectors(path, vectors)
        return vectors


def _name(kind: str, texts: Sequence[str]) -> str:
    """Return a hash of texts and of the form in which they are embedded."""
    digest = hashlib.sha256(kind.encode())
    for text in texts:
        # Each text is hashed by itself, so that it matters where one ends; JSON can escape lone surrogates.
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()[:32]


def index_texts(texts: Sequence[str]) -> KeywordIndex:
    """Return the index of texts without titles and headings; the index of each in `texts` is its id."""
    counts = [own.counts for own in count_texts(texts)]
    postings = collect([unpack_rows(range(len(counts)), counts)] if counts else [])
    parts = Part(postings), Part(collect(()))
    return KeywordIndex(0, None, parts, len(counts), int(postings.lengths.sum(dtype=np.int64)))
