"""Turn examples into tokens: `[CLS] question [SEP] passage [SEP]`, as embed/answer_extractor.py does."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from wherein.embed.graph import INPUTS
from wherein.recipe.reader.examples import Example, Span

NO_ANSWER = (0,)  # [CLS]


@dataclass(frozen=True)
class Row:
    """The tokens of an example, and those at which its answer may start and end.

    `ids` [n]; the passage is at `first` to n - 1 (exclusive).
    """

    ids: tuple[int, ...]
    first: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class Rows:
    """Makes rows of at most so many tokens of question and passage."""

    def __init__(self, words: Tokenizer, question_tokens: int, passage_tokens: int) -> None:
        self.question_tokens, self.passage_tokens = question_tokens, passage_tokens
        self.cls, self.sep = words.token_to_id("[CLS]"), words.token_to_id("[SEP]")
        self.encode = lru_cache(maxsize=200_000)(lambda text: words.encode(text, add_special_tokens=False))

    def row(self, example: Example, rng: random.Random) -> Row | None:
        """Return an example's row, None if its answer has no tokens; `rng` decides where a long passage is cut."""
        question = self.encode(example.question).ids[: self.question_tokens]
        passage: Encoding = self.encode(example.passage)
        spans = [token_span(passage, span) for span in example.spans]
        if any(span is None for span in spans) or not passage.ids:
            return None
        begin = self._cut(len(passage.ids), spans[0] if spans else None, rng)
        ids = passage.ids[begin : begin + self.passage_tokens]
        first = len(question) + 2
        row = (self.cls, *question, self.sep, *ids, self.sep)
        kept = [span for span in spans if span and begin <= span[0] and span[1] < begin + len(ids)]
        places = [tuple(sorted({first + span[side] - begin for span in kept})) or NO_ANSWER for side in (0, 1)]
        return Row(row, first, places[0], places[1])

    def _cut(self, tokens: int, span: Span | None, rng: random.Random) -> int:
        """Return the first token of the part of the passage that is kept; it holds `span` if that fits."""
        latest = max(tokens - self.passage_tokens, 0)
        if span is None:
            return rng.randint(0, latest)
        low, high = max(span[1] + 1 - self.passage_tokens, 0), min(span[0], latest)
        return rng.randint(min(low, high), high)


def token_span(passage: Encoding, span: Span) -> Span | None:
    """Return the first and the last token (included) of some characters, None if they have none."""
    tokens = [number for number, (start, end) in enumerate(passage.offsets) if start < span[1] and end > span[0]]
    return (tokens[0], tokens[-1]) if tokens else None


def batch(rows: Sequence[Row]) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the four int64 inputs [rows, longest row], and the tokens where answers start and end, as bool."""
    shape = len(rows), max(len(row.ids) for row in rows)
    ids, mask, types = (np.zeros(shape, np.int64) for _ in range(3))
    starts, ends = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        mask[number, : len(row.ids)] = 1
        types[number, row.first : len(row.ids)] = 1
        starts[number, list(row.starts)] = True
        ends[number, list(row.ends)] = True
    positions = np.broadcast_to(np.arange(shape[1], dtype=np.int64), shape).copy()
    return dict(zip(INPUTS, (ids, mask, types, positions), strict=True)), starts, ends
