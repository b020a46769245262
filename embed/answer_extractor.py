"""A reader is a model that finds the words of a passage that answer a question.

The contract is that of the Open Model Zoo's SQuAD readers, as on the card of
bert-small-uncased-whole-word-masking-squad-int8-0002: question and passage stand in one input,
`[CLS] question [SEP] passage [SEP] [PAD] ...`, token types 0 for the first part and 1 for the second, and for each
token there are two logits: that the answer begins there, and that it ends there.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from wherein.embed.graph import INPUTS
from wherein.embed.model import IR, TOKENIZER, WEIGHTS, read_checked
from wherein.embed.models.installed import models_folder
from wherein.embed.runtime import compile_files
from wherein.errors import Damaged, ModelMismatch, WhereinError

__all__ = ["AnswerExtractor", "AnswerModel", "Window", "installed_answer_model", "load_answer_model", "window_starts"]

_ZOO_ANSWER_MODEL = "bert-small-uncased-whole-word-masking-squad-int8-0002"
_NO_ANSWER_MODEL = (
    "--answer needs a reader model, and none is installed; get one with: wherein model fetch"
    f" {_ZOO_ANSWER_MODEL}, or from a folder with: wherein model add FOLDER"
)
_CLS, _SEP, _PAD = "[CLS]", "[SEP]", "[PAD]"
_SPECIAL_TOKENS = 3
# A graph that takes inputs of any length is given one of so many, because each keeps memory for good.
_LENGTHS = 8


@dataclass(frozen=True)
class AnswerModel:
    """What a reader's manifest says: `tokens` of the whole input, of which `question_tokens` at most are question.

    `outputs` are the names of the logits of start and end; `sha256` is by file name.
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
    """What a reader makes of a part of a passage.

    `start` and `end` [n] are the logits of the input's n tokens, float32; those from `first` to n - 1 (exclusive: the
    last is [SEP]) are the passage's. `words` [n - 1 - first, 2] tells for each of them the characters of the passage,
    from and to, of the word that it belongs to, int64.
    """

    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    first: int
    words: npt.NDArray[np.int64]


def installed_answer_model() -> AnswerModel:
    """Return the reader among the installed models, the first by its folder's name.

    Raises WhereinError, which tells how to get one, when there is none.
    """
    damaged = None
    for manifest in sorted(models_folder().glob("*/model.json")):
        try:
            if _manifest(manifest.parent).get("kind") == "reader":
                return load_answer_model(manifest.parent)
        except Damaged as error:
            damaged = damaged or error
    raise damaged or WhereinError(_NO_ANSWER_MODEL)


def load_answer_model(folder: Path) -> AnswerModel:
    """Read a reader's manifest. Raises Damaged when it is missing or is no manifest of a reader."""
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
            sha256={name: str(manifest["files"][name]["sha256"]) for name in (IR, WEIGHTS, TOKENIZER)},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_manifest(folder, error) from error
    # Windows overlap by half, and an answer of 15 tokens must lie whole in one of them.
    if manifest.get("kind") != "reader" or model.tokens < 64 or not 0 < model.question_tokens <= model.tokens // 2:
        raise Damaged(f"{folder / 'model.json'} is not the manifest of a reader; install the model again")
    return model


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "model.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _no_manifest(folder, error) from error


def _no_manifest(folder: Path, error: Exception) -> Damaged:
    return Damaged(f"{folder / 'model.json'} is not a readable model manifest ({error!r}); install the model again")


class AnswerExtractor:
    """A reader model at a precision. Cheap to make: tokenizer and network are loaded when they are first needed."""

    def __init__(self, model: AnswerModel, precision: str, *, cache: Path | None = None, threads: int = 0) -> None:
        """`threads` 0 means one for each core; `cache` is the folder for compiled models."""
        self.model = model
        self._precision = precision
        self._cache = cache
        self._threads = threads

    def windows(self, question: str, text: str) -> Iterator[Window]:
        """Yield what the reader makes of each window of a passage; none when there are no words in it.

        A question over `question_tokens` tokens is cut there. Raises Damaged when a file of the model is not the
        manifest's, ModelMismatch when it is no reader.
        """
        asked = self._tokenizer.encode(question, add_special_tokens=False).ids[: self.model.question_tokens]
        passage = self._tokenizer.encode(text, add_special_tokens=False)
        words = _words(text, passage)
        width = self.model.tokens - len(asked) - _SPECIAL_TOKENS
        for first in window_starts(len(passage.ids), width):
            start, end = self._infer(asked, passage.ids[first : first + width])
            yield Window(start, end, len(asked) + 2, words[first : first + width])

    def _infer(self, question: list[int], passage: list[int]) -> tuple[npt.NDArray[np.float32], ...]:
        """Return the logits of start and end, each [n], for the n tokens of an input."""
        cls, sep, pad = self._special
        ids = [cls, *question, sep, *passage, sep]
        request, fixed = self._request
        length = self.model.tokens if fixed else self._length(len(ids))
        tokens = np.full((1, length), pad, np.int64)
        mask, types = np.zeros_like(tokens), np.zeros_like(tokens)
        tokens[0, : len(ids)] = ids
        mask[0, : len(ids)] = 1
        types[0, len(question) + 2 : len(ids)] = 1
        positions = np.arange(length, dtype=np.int64)[None, :]
        with self._refused():
            found = request.infer(dict(zip(INPUTS, (tokens, mask, types, positions), strict=True)))
        logits = [np.asarray(found[name], np.float32) for name in self.model.outputs]
        for name, values in zip(self.model.outputs, logits, strict=True):
            if values.shape != (1, length) or not np.isfinite(values).all():
                raise self._no_reader(f"its {name} is not a number for each of {length} tokens")
        return tuple(values[0, : len(ids)].copy() for values in logits)

    def _length(self, tokens: int) -> int:
        step = -(-self.model.tokens // _LENGTHS)
        return min(-(-tokens // step) * step, self.model.tokens)

    @cached_property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        data = read_checked(self.model, TOKENIZER)
        with self._refused(Exception):  # which is what tokenizers raises
            tokenizer = tokenizers.Tokenizer.from_str(data.decode("utf-8"))
        # A packaged tokenizer.json may cut and pad on its own account.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # a passage that says [SEP] means the word
        return tokenizer

    @cached_property
    def _special(self) -> tuple[int, int, int]:
        """The ids of [CLS], [SEP] and [PAD]."""
        cls, sep, pad = (self._tokenizer.token_to_id(token) for token in (_CLS, _SEP, _PAD))
        if cls is None or sep is None or pad is None:
            raise self._no_reader(f"its tokenizer lacks {_CLS}, {_SEP} or {_PAD}")
        return cls, sep, pad

    @cached_property
    def _request(self) -> tuple[Any, bool]:
        """An `openvino.InferRequest`, and whether its inputs have a fixed length."""
        name = _fingerprint(self.model, self._precision)
        with self._refused():
            compiled = compile_files(self.model, name, self._precision, self._cache, self._threads, one_by_one=True)
        for kind, ports, wanted in (
            ("input", compiled.inputs, INPUTS),
            ("output", compiled.outputs, self.model.outputs),
        ):
            missing = set(wanted) - {name for port in ports for name in port.names}
            if missing:
                raise self._no_reader(f"it has no {kind} {' and no '.join(sorted(missing))}")
        if len(compiled.inputs) != len(INPUTS):
            raise self._no_reader(f"it has {len(compiled.inputs)} inputs and not {len(INPUTS)}")
        shape = compiled.input(INPUTS[0]).partial_shape
        if len(shape) != 2 or (shape[1].is_static and shape[1].get_length() != self.model.tokens):
            raise self._no_reader(f"its inputs are {shape} and not [1,{self.model.tokens}]")
        return compiled.create_infer_request(), bool(shape[1].is_static)

    @contextmanager
    def _refused(self, kind: type[Exception] = RuntimeError) -> Iterator[None]:
        try:
            yield
        except WhereinError:
            raise
        except kind as error:
            said = (str(error).strip() or repr(error)).splitlines()[-1]
            raise self._no_reader(f"it cannot be run ({said})") from error

    def _no_reader(self, why: str) -> ModelMismatch:
        return ModelMismatch(f"{self.model.folder} is no reader that --answer can use: {why}; install another model")


def _fingerprint(model: AnswerModel, precision: str) -> str:
    """Return 16 hex digits that differ whenever the logits of two readers could."""
    parts = [{name: model.sha256[name] for name in (IR, WEIGHTS, TOKENIZER)}, model.tokens, model.outputs, precision]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def window_starts(tokens: int, width: int) -> list[int]:
    """Return the first token of each window of `width` tokens over a passage of `tokens` tokens.

    They overlap by half, as in the zoo's demo; the last one ends where the passage does.
    """
    last = tokens - width
    return [*range(0, max(last, 0), width // 2), max(last, 0)] if tokens else []


def _words(text: str, encoding: tokenizers.Encoding) -> npt.NDArray[np.int64]:
    """Return for each token the characters, from and to, of the word that it belongs to: int64 `[tokens, 2]`."""
    offsets = np.array(encoding.offsets, np.int64).reshape(-1, 2)
    _, firsts, word = np.unique(np.array(encoding.word_ids, np.int64), return_index=True, return_inverse=True)
    lasts = np.append(firsts[1:], len(offsets)) - 1
    ends = [_with_marks(text, int(end)) for end in offsets[lasts, 1]] if len(offsets) else []
    return np.stack([offsets[firsts, 0], np.array(ends, np.int64)], axis=1)[word]


def _with_marks(text: str, end: int) -> int:
    """Return `end` past the accents that follow it: the tokenizer drops them, but they belong to the last letter."""
    while end < len(text) and unicodedata.category(text[end]) == "Mn":
        end += 1
    return end
