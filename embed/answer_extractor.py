"""Answer models: find the words of a passage that answer a question.

The interface is that of the Open Model Zoo's SQuAD models, from the card of
bert-small-uncased-whole-word-masking-squad-int8-0002: question and passage share one input,
`[CLS] question [SEP] passage [SEP] [PAD] ...`, with token type 0 up to the first [SEP] and 1 after it, and each token
gets two logits: that the answer starts there, and that it ends there.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from wherein.embed.graph import INPUTS
from wherein.embed.model import DEFAULT_READER, file_digests, unreadable_manifest
from wherein.embed.models.installed import READER, installed_folders, models_folder
from wherein.embed.pair_network import PairNetwork
from wherein.errors import Damaged

__all__ = ["AnswerExtractor", "AnswerModel", "Window", "installed_answer_model", "load_answer_model", "window_starts"]

_CLS, _SEP, _PAD = "[CLS]", "[SEP]", "[PAD]"
_SPECIAL_TOKENS = 3
# Windows overlap by half, and an answer of 15 tokens (search/exact_answer.py) must fit whole into one of them.
_MIN_TOKENS = 64


@dataclass(frozen=True)
class AnswerModel:
    """The manifest of an answer model.

    An input has at most `tokens` tokens, of which at most `question_tokens` belong to the question. `outputs` are the
    names of the start and the end logits. `sha256` maps file names to digests in hex.
    """

    folder: Path
    name: str
    version: str
    tokens: int
    question_tokens: int
    outputs: tuple[str, str]
    sha256: Mapping[str, str]


@dataclass(frozen=True)
class Window:
    """The logits for one part of a passage.

    `start` and `end` [n], float32, are the logits of the n tokens of an input, without padding. Tokens `first` to
    n - 1 (exclusive: the last is [SEP]) are the passage's. For each of these, `words` [n - 1 - first, 2], int64, has
    the offsets in the passage at which its word starts and ends (exclusive).
    """

    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    first: int
    words: npt.NDArray[np.int64]


def installed_answer_model() -> AnswerModel:
    """Return the installed answer model, the first by folder name if there are several, the shipped one if none is.

    Raises Damaged when the shipped one is needed and cannot be read.
    """
    for folder in installed_folders(models_folder()):
        with suppress(Damaged):  # `wherein model list` names it; another model can be used
            if (folder / "model.json").exists() and _manifest(folder).get("kind") == READER:
                return load_answer_model(folder)
    return load_answer_model(DEFAULT_READER)


def load_answer_model(folder: Path) -> AnswerModel:
    """Read an answer model's manifest. Raises Damaged when it is missing, invalid or that of an encoder."""
    manifest = _manifest(folder)
    try:
        start, end = manifest["outputs"]
        model = AnswerModel(
            folder=folder,
            name=str(manifest["name"]),
            version=str(manifest["version"]),
            tokens=int(manifest["tokens"]),
            question_tokens=int(manifest["question_tokens"]),
            outputs=(str(start), str(end)),
            sha256=file_digests(manifest["files"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable_manifest(folder, error) from error
    # However long a question is, it leaves about half of an input to the passage.
    lengths_fit = model.tokens >= _MIN_TOKENS and 0 < model.question_tokens <= model.tokens // 2
    if manifest.get("kind") != READER or not lengths_fit:
        raise Damaged(f"{folder / 'model.json'} is not the manifest of an answer model; install the model again")
    return model


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "model.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise unreadable_manifest(folder, error) from error


class AnswerExtractor:
    """An answer model at one precision. Cheap to construct: tokenizer and network are loaded on first use."""

    def __init__(self, model: AnswerModel, precision: str, *, cache: Path | None = None, threads: int = 0) -> None:
        """`threads` 0 means one per core; `cache` is the folder for compiled models, None to compile each time."""
        self.model = model
        use = "an answer model that --answer"
        self._network = PairNetwork(model, precision, cache, threads, needed=INPUTS, use=use)

    def prepare(self) -> None:
        """Load tokenizer and network, if they are not loaded. Raises as `windows` does."""
        self._network.prepare()

    def windows(self, question: str, text: str) -> Iterator[Window]:
        """Yield the logits of each window over the passage `text`; none if it has no words.

        The question is truncated to `question_tokens` tokens. Raises Damaged when a file of the model is not the
        manifest's, ModelMismatch when it is not an answer model.
        """
        # Without special tokens: `_infer` puts [CLS] and [SEP] around both texts.
        tokenizer = self._network.tokenizer
        question_ids = tokenizer.encode(question, add_special_tokens=False).ids[: self.model.question_tokens]
        passage = tokenizer.encode(text, add_special_tokens=False)
        words = _word_offsets(text, passage)
        width = self.model.tokens - len(question_ids) - _SPECIAL_TOKENS
        for first in window_starts(len(passage.ids), width):
            start, end = self._infer(question_ids, passage.ids[first : first + width])
            yield Window(start, end, len(question_ids) + 2, words[first : first + width])

    def _infer(self, question: list[int], passage: list[int]) -> tuple[npt.NDArray[np.float32], ...]:
        """Return the start and end logits, float32 [n] each, of the n tokens of an input."""
        cls, sep, pad = self._special
        ids = [cls, *question, sep, *passage, sep]
        types = [0] * (len(question) + 2) + [1] * (len(passage) + 1)
        logits = self._network.run(ids, types, pad)
        for name, values in zip(self.model.outputs, logits, strict=True):
            if values.ndim != 2 or len(values) != 1 or values.shape[1] < len(ids) or not np.isfinite(values).all():
                raise self._network.mismatch(f"its {name} is not a number for each of {self.model.tokens} tokens")
        # Without [PAD], whose logits depend on the length of the padding (search/exact_answer.py).
        return tuple(values[0, : len(ids)] for values in logits)

    @cached_property
    def _special(self) -> tuple[int, int, int]:
        """The ids of [CLS], [SEP] and [PAD]."""
        cls, sep, pad = (self._network.tokenizer.token_to_id(token) for token in (_CLS, _SEP, _PAD))
        if cls is None or sep is None or pad is None:
            raise self._network.mismatch(f"its tokenizer lacks {_CLS}, {_SEP} or {_PAD}")
        return cls, sep, pad


def window_starts(tokens: int, width: int) -> list[int]:
    """Return the first token of each window of `width` tokens over a passage of `tokens` tokens.

    Windows overlap by half, as in the zoo's demo; the last one ends at the end of the passage.
    """
    last = tokens - width
    return [*range(0, max(last, 0), width // 2), max(last, 0)] if tokens else []


def _word_offsets(text: str, encoding: tokenizers.Encoding) -> npt.NDArray[np.int64]:
    """Return for each token where its word starts and ends (exclusive) in the text: int64 `[tokens, 2]`."""
    # reshape: without tokens the array would be [0] and not [0, 2].
    offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
    _, firsts, word = np.unique(np.array(encoding.word_ids, np.int64), return_index=True, return_inverse=True)
    lasts = np.append(firsts[1:], len(offsets)) - 1
    ends = [_after_accents(text, int(end)) for end in offsets[lasts, 1]] if len(offsets) else []
    return np.stack([offsets[firsts, 0], np.array(ends, np.int64)], axis=1)[word]


def _after_accents(text: str, end: int) -> int:
    """Return the end of the combining accents at `end`: the tokenizer drops them, but they belong to the word."""
    while end < len(text) and unicodedata.category(text[end]) == "Mn":
        end += 1
    return end
