"""Draw the calibration texts from the train split of SQuAD v1.1 with a fixed seed, and turn texts into inputs.

The dev split is never used here, because accuracy is reported on it.
"""

import json
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wherein.embed.graph import INPUTS
from wherein.errors import UsageError

SEED = 0
CONTEXTS, QUESTIONS = 200, 100
CONTEXT_TOKENS, QUESTION_TOKENS = 384, 32
DESCRIPTION = f"{CONTEXTS} contexts and {QUESTIONS} questions"

Inputs = dict[str, NDArray[np.int64]]
Texts = tuple[list[str], list[str]]


def paragraphs(path: Path) -> list[dict]:
    """Return all paragraphs of a file in the SQuAD v1.1 schema."""
    try:
        return [part for article in json.loads(path.read_bytes())["data"] for part in article["paragraphs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a SQuAD v1.1 file ({error}); give the path of its JSON") from error


def texts(path: Path) -> Texts:
    """Return the contexts and the questions of a file in the SQuAD v1.1 schema."""
    parts = paragraphs(path)
    return [part["context"] for part in parts], [question["question"] for part in parts for question in part["qas"]]


def draw(texts: Texts) -> Texts:
    """Return the same contexts and questions in every run, whatever the order of the file."""
    contexts, questions = (sorted(set(kind)) for kind in texts)
    if len(contexts) < CONTEXTS or len(questions) < QUESTIONS:
        counts = f"{len(contexts)} contexts and {len(questions)} questions"
        raise UsageError(f"{counts} are too few; {DESCRIPTION} are needed")
    rng = random.Random(SEED)
    return rng.sample(contexts, CONTEXTS), rng.sample(questions, QUESTIONS)


def token_ids(tokenizer: Tokenizer, text: str, limit: int) -> list[int]:
    """Return at most `limit` token ids, including [CLS] and [SEP]."""
    ids = tokenizer.encode(text).ids
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]


def batch(rows: list[list[int]]) -> Inputs:
    """Return the four int64 inputs [rows, longest row], padded with zeros."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    positions = np.broadcast_to(np.arange(ids.shape[1], dtype=np.int64), ids.shape).copy()
    return dict(zip(INPUTS, (ids, mask, np.zeros_like(ids), positions), strict=True))


def calibration(texts: Texts, tokenizer: Tokenizer) -> list[Inputs]:
    """Return the calibration samples, each an unpadded batch of one text."""
    contexts, questions = draw(texts)
    rows = [token_ids(tokenizer, text, CONTEXT_TOKENS) for text in contexts]
    rows += [token_ids(tokenizer, text, QUESTION_TOKENS) for text in questions]
    return [batch([row]) for row in rows]
