"""A deterministic encoder without a model: a text's vector is the normalized sum of its words' random vectors.

Equal texts have bitwise equal vectors, and so have texts of the same words in another order, so ties occur; texts that
share words are near each other. It has the part of the interface of `embed.encoder.Encoder` that `Library` and
`IngestRun` use, and replaces it in tests, in their child processes and in benchmarks:
`Library(folder, encoder=ToyEncoder())`.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np

from wherein.embed.encoder import Key, Matrix
from wherein.embed.metric import context_form, question_form
from wherein.embed.model import IR, TOKENIZER, WEIGHTS, Model, fingerprint
from wherein.embed.tokenizer import Question, Words
from wherein.library import Library

__all__ = ["ToyEncoder", "ToyTokenizer", "toy_library"]

_BEGIN, _END = 1, 2
_WORD = re.compile(r"\w+|[^\w\s]")


class ToyTokenizer:
    """Words and punctuation marks, in lower case, one token each; the interface of `embed.tokenizer.Tokenizer`."""

    def __init__(self, context_tokens: int, question_tokens: int) -> None:
        self.context_tokens = context_tokens
        self.question_tokens = question_tokens

    @property
    def passage_tokens(self) -> int:
        return self.context_tokens - 2

    def contexts(self, texts: Sequence[str]) -> list[list[int]]:
        return [[_BEGIN, *self._ids(text)[: self.context_tokens - 2], _END] for text in texts]

    def passages(self, texts: Sequence[str], words: Words, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
        return self.contexts(texts)

    def question(self, text: str) -> Question:
        kept = self.question_tokens - 2
        ends = [match.end() for match in _WORD.finditer(text)]
        cut = text[ends[kept - 1] :].strip() if len(ends) > kept else ""
        return Question([_BEGIN, *self._ids(text)[:kept], _END], cut, 4.0)

    def words(self, text: str) -> Words:
        starts = np.array([match.start() for match in _WORD.finditer(text)], dtype=np.int64)
        return Words(starts, np.ones_like(starts), ())

    def _ids(self, text: str) -> list[int]:
        return [zlib.crc32(word.encode()) for word in _WORD.findall(text.lower())]


class ToyEncoder:
    """The interface of `embed.encoder.Encoder`; 10,000 texts of 40 words take about a second."""

    def __init__(
        self,
        dimension: int = 16,
        context_tokens: int = 64,
        question_tokens: int = 32,
        *,
        name: str = "toy",
        metric: str = "cosine",
    ) -> None:
        self.model = Model(
            folder=Path("toy"),
            name=name,
            version="1",
            dimension=dimension,
            metric=metric,
            pooling="sum",
            context_tokens=context_tokens,
            question_tokens=question_tokens,
            output="embedding",
            sha256=dict.fromkeys((IR, WEIGHTS, TOKENIZER), name),
        )
        self.precision = "w8a32"
        self.device = "CPU"
        self.fingerprint = fingerprint(self.model, self.precision)
        self.tokenizer = ToyTokenizer(context_tokens, question_tokens)
        self._words = _words(dimension)

    def prepare(self) -> None:
        pass

    @property
    def is_ready(self) -> bool:
        return True

    def with_threads(self, _: int) -> "ToyEncoder":
        return self

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        for key, ids in items:
            yield key, context_form(self.model.metric, self._vector(ids))

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        return self._matrix(self.tokenizer.contexts(texts), context_form)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        return self.encode_tokenized([self.tokenizer.question(text) for text in texts])

    def encode_tokenized(self, questions: Sequence[Question]) -> Matrix:
        return self._matrix([question.ids for question in questions], question_form)

    def encode_question(self, text: str) -> tuple[Matrix, Question]:
        question = self.tokenizer.question(text)
        return question_form(self.model.metric, self._vector(question.ids)), question

    def _matrix(self, rows: Sequence[list[int]], form: Callable[[str, Matrix], Matrix]) -> Matrix:
        vectors = [form(self.model.metric, self._vector(ids)) for ids in rows]
        return np.array(vectors, np.float32).reshape(len(rows), self.model.width)

    def _vector(self, ids: Sequence[int]) -> Matrix:
        # Without the two tokens that every text has, which would make all texts near each other. Sorted, because a
        # floating-point sum depends on its order.
        words = self._words
        rows = [words[token] for token in sorted(ids[1:-1]) or [_BEGIN]]
        total = words.vectors[rows].sum(axis=0)
        length = np.sqrt(total @ total) if self.model.metric == "cosine" else 1
        return (total / length).astype(np.float32)


class _Words(dict[int, int]):
    """Maps a token to the row of `vectors` with its random vector, which is drawn on first use."""

    def __init__(self, dimension: int) -> None:
        self.vectors = np.empty((64, dimension))
        self._lock = Lock()

    def __missing__(self, token: int) -> int:
        with self._lock:
            if token in self:  # another thread was faster
                return self[token]
            row = len(self)
            if row == len(self.vectors):
                self.vectors = np.concatenate([self.vectors, np.empty_like(self.vectors)])
            self.vectors[row] = np.random.default_rng(token).standard_normal(self.vectors.shape[1])
            self[token] = row
            return row


@cache
def _words(dimension: int) -> _Words:
    """Return the words that all encoders of a dimension share: to draw them anew is much of what a small test costs."""
    return _Words(dimension)


def toy_library(folder: Path, *sources: Path) -> Library:
    """Return a library of some sources."""
    library = Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest(list(sources))
    return library
