"""The network of a model that reads a question and a passage together: an answer model's or a reranker's."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tokenizers

from wherein.embed.graph import INPUTS
from wherein.embed.model import TOKENIZER, ModelFiles, read_checked
from wherein.embed.runtime import compile_files
from wherein.errors import ModelMismatch, WhereinError

__all__ = ["PairModel", "PairNetwork"]

Floats = npt.NDArray[np.float32]

# A graph of any length gets inputs of only this many lengths: memory for a new shape is never freed.
_LENGTHS = 8


class PairModel(ModelFiles, Protocol):
    """The manifest of such a model: an input has at most `tokens` tokens, and `outputs` are the names of its logits."""

    @property
    def tokens(self) -> int:
        """The length of the longest input."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""


class PairNetwork:
    """A graph at one precision, with its tokenizer; both are loaded on first use."""

    def __init__(
        self, model: PairModel, precision: str, cache: Path | None, threads: int, *, needed: tuple[str, ...], use: str
    ) -> None:
        """`needed` are the inputs that the graph must have. Errors say that the model is not one for this `use`."""
        self.model = model
        self._precision = precision
        self._cache = cache
        self._threads = threads
        self._needed = needed
        self._use = use
        self._lock = RLock()  # for the one request, and while it is made

    def prepare(self) -> None:
        """Load tokenizer and graph, if they are not loaded. Raises as `run` does."""
        with self._lock:
            _ = self.tokenizer, self._request

    def run(self, ids: Sequence[int], types: Sequence[int], pad: int) -> list[Floats]:
        """Return what each of the outputs has for one input, float32, padded as the graph wants it.

        Raises Damaged when a file is not the manifest's, ModelMismatch when the graph does not do what the manifest
        says.
        """
        with self._lock:
            request, inputs, fixed = self._request
            length = self.model.tokens if fixed else self._length(len(ids))
            tokens = np.full((1, length), pad, np.int64)
            mask, kinds = np.zeros_like(tokens), np.zeros_like(tokens)
            tokens[0, : len(ids)] = ids
            mask[0, : len(ids)] = 1
            kinds[0, : len(ids)] = types
            positions = np.arange(length, dtype=np.int64)[None, :]
            every = dict(zip(INPUTS, (tokens, mask, kinds, positions), strict=True))
            with self.as_mismatch():
                results = request.infer({name: every[name] for name in inputs})
            # Copied: the next inference writes to the same memory.
            return [np.array(results[name], np.float32) for name in self.model.outputs]

    @cached_property
    def tokenizer(self) -> tokenizers.Tokenizer:
        """The tokenizer, which does not cut or pad, and takes a special token in a text for text."""
        data = read_checked(self.model, TOKENIZER)
        with self.as_mismatch(Exception):  # tokenizers raises Exception itself
            tokenizer = tokenizers.Tokenizer.from_str(data.decode("utf-8"))
        # A `tokenizer.json` may set a truncation and padding of its own.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        return tokenizer

    def _length(self, tokens: int) -> int:
        """Return the length to which an input of `tokens` tokens is padded."""
        step = -(-self.model.tokens // _LENGTHS)
        return min(-(-tokens // step) * step, self.model.tokens)

    @cached_property
    def _request(self) -> tuple[Any, tuple[str, ...], bool]:
        """An `openvino.InferRequest`, the names of its inputs, and whether these have a fixed length."""
        name = _fingerprint(self.model, self._precision)
        # One input at a time: all cores work on it.
        with self.as_mismatch():
            compiled = compile_files(self.model, name, self._precision, self._cache, self._threads, one_by_one=True)
        shape = self._check_ports(compiled)
        inputs = tuple(name for name in INPUTS if any(name in port.names for port in compiled.inputs))
        return compiled.create_infer_request(), inputs, bool(shape[1].is_static)

    def _check_ports(self, compiled: Any) -> Any:
        """Return the inputs' `openvino.PartialShape`. Raises ModelMismatch when inputs or outputs do not fit."""
        for kind, ports, expected in (
            ("input", compiled.inputs, self._needed),
            ("output", compiled.outputs, self.model.outputs),
        ):
            missing = set(expected) - {name for port in ports for name in port.names}
            if missing:
                raise self.mismatch(f"it has no {kind} {' and no '.join(sorted(missing))}")
        unknown = [port.any_name for port in compiled.inputs if not port.names & set(INPUTS)]
        if unknown:
            raise self.mismatch(f"it has the input {' and '.join(unknown)}, which is none of {', '.join(INPUTS)}")
        shape = compiled.input(INPUTS[0]).partial_shape
        if len(shape) != 2 or (shape[1].is_static and shape[1].get_length() != self.model.tokens):
            raise self.mismatch(f"its inputs are {shape} and not [1,{self.model.tokens}]")
        return shape

    @contextmanager
    def as_mismatch(self, kind: type[Exception] = RuntimeError) -> Iterator[None]:
        """Raise ModelMismatch in place of an exception of this kind."""
        try:
            yield
        # A WhereinError is already a sentence for the user, and says more exactly what is wrong.
        except WhereinError:
            raise
        except kind as error:
            # The last line of OpenVINO's message is the reason; the others are locations in its source.
            reason = (str(error).strip() or repr(error)).splitlines()[-1]
            raise self.mismatch(f"it cannot be run ({reason})") from error

    def mismatch(self, reason: str) -> ModelMismatch:
        """Return the error that this is not a model for its use."""
        return ModelMismatch(f"{self.model.folder} is not {self._use} can use: {reason}; install another model")


def _fingerprint(model: PairModel, precision: str) -> str:
    """Return 16 hex digits: two models whose logits could differ have different ones."""
    parts = [dict(model.sha256), model.tokens, model.outputs, precision]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
