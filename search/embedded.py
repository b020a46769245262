"""An embedded question: its vector, and what the model saw of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wherein.embed.encoder import Matrix

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder
    from wherein.embed.tokenizer import Question

__all__ = ["EmbeddedQuestion", "embed_question", "embed_questions"]


@dataclass(frozen=True)
class EmbeddedQuestion:
    """`vector` is float32 `[width]`, `metric` that of the model that made it, `cut` what the model did not see.

    `characters_per_token` says how much of the question the model's vocabulary has whole (`embed.tokenizer.Question`).
    """

    vector: Matrix
    metric: str
    characters_per_token: float
    cut: str = ""


def embed_question(encoder: Encoder, text: str) -> EmbeddedQuestion:
    """Embed one question."""
    vector, tokens = encoder.encode_question(text)
    return _embedded(encoder, vector, tokens)


def embed_questions(encoder: Encoder, texts: Sequence[str]) -> list[EmbeddedQuestion]:
    """Embed many questions at once."""
    tokens = list(map(encoder.tokenizer.question, texts))
    vectors = encoder.encode_tokenized(tokens)
    return [_embedded(encoder, vector, own) for vector, own in zip(vectors, tokens, strict=True)]


def _embedded(encoder: Encoder, vector: Matrix, tokens: Question) -> EmbeddedQuestion:
    return EmbeddedQuestion(vector, encoder.model.metric, tokens.characters_per_token, tokens.cut)
