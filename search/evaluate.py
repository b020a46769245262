"""The model card's protocol: is the right context among the first k of all of them?

https://github.com/openvinotoolkit/open_model_zoo, bert-small-uncased-whole-word-masking-squad-emb-int8-0001.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embed.encoder import Encoder
from errors import UsageError

__all__ = ["SquadResult", "evaluate_squad"]

_TOPS = (1, 5, 10, 20)
_QUESTIONS_AT_ONCE = 1024


@dataclass(frozen=True)
class SquadResult:
    """Percent of the questions whose context is among the first k, and the mean reciprocal rank in percent."""

    top: dict[int, float]
    mrr: float
    questions: int
    contexts: int


def evaluate_squad(path: Path, encoder: Encoder) -> SquadResult:
    """Measure the encoder on a SQuAD v1.1 file: every distinct context is a candidate for every question."""
    contexts, questions, right = _read(path)
    vectors = encoder.encode_contexts(contexts)
    ranks = []
    for first in range(0, len(questions), _QUESTIONS_AT_ONCE):
        asked = encoder.encode_questions(questions[first : first + _QUESTIONS_AT_ONCE])
        scores = asked @ vectors.T
        own = scores[np.arange(len(asked)), right[first : first + len(asked)]]
        ranks.append(1 + (scores > own[:, None]).sum(axis=1))
    rank = np.concatenate(ranks)
    top = {k: round(100 * float((rank <= k).mean()), 2) for k in _TOPS}
    return SquadResult(top, round(100 * float((1 / rank).mean()), 2), len(questions), len(contexts))


def _read(path: Path) -> tuple[list[str], list[str], list[int]]:
    """Return distinct contexts, questions, and for each question its context's position."""
    places: dict[str, int] = {}
    questions, right = [], []
    try:
        for article in json.loads(path.read_text("utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                place = places.setdefault(paragraph["context"], len(places))
                for entry in paragraph["qas"]:
                    questions.append(str(entry["question"]))
                    right.append(place)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a SQuAD v1.1 file ({error!r})") from error
    if not questions:
        raise UsageError(f"{path} holds no questions")
    return list(places), questions, right
