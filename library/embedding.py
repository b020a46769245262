"""Vectors of any texts, by a library's model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder, Matrix

__all__ = ["Embedded", "embed_texts"]


@dataclass(frozen=True)
class Embedded:
    """The vectors of n texts, float32 `[n, dimension]`, by the `model` of that name, and how many `tokens` these had.

    `truncated` are the indexes of texts that filled the model: it may have read only their beginning.
    """

    vectors: Matrix
    model: str
    tokens: int
    truncated: tuple[int, ...]


def embed_texts(encoder: Encoder, texts: Sequence[str], *, as_questions: bool = False) -> Embedded:
    """Return the vectors of texts as a question or a passage has them."""
    tokenizer, model = encoder.tokenizer, encoder.model
    if as_questions:
        questions, most = list(map(tokenizer.question, texts)), model.question_limit
        rows, vectors = [question.ids for question in questions], encoder.encode_tokenized(questions)
    else:
        rows, most = tokenizer.contexts(texts), model.context_tokens
        vectors = encoder.encode_contexts(texts)
    lengths = [len(row) for row in rows]
    full = tuple(index for index, length in enumerate(lengths) if length >= most)
    return Embedded(vectors[:, : model.dimension], model.name, sum(lengths), full)
