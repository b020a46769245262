"""Contexts and questions to vectors, as fast as this CPU goes.

Each text is one inference, padded to the next of eight lengths: measured, batches of equal length gain nothing on a
CPU with a stream for each core, and every further shape costs memory for good (docs/decisions/shapes.md).
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from wherein.embed.metric import context_form, question_form
from wherein.embed.model import Model, fingerprint
from wherein.embed.runtime import compile_model, import_openvino, openvino_core
from wherein.embed.tokenizer import Question, Tokenizer

__all__ = ["Encoder", "Matrix"]

Matrix = npt.NDArray[np.float32]
Key = TypeVar("Key")

# Of the eight lengths one is that of questions.
_CONTEXT_LENGTHS = 8
# So many texts wait in OpenVINO's queue that a slow document does not leave the CPU idle.
_QUEUED = 48


class Encoder:
    """A model at a precision. Cheap to make: tokenizer and network are loaded when they are first needed.

    What it returns has the form that embed/metric.py gives it; nobody else needs to know the model's metric.
    """

    def __init__(
        self, model: Model, precision: str, *, cache: Path | None = None, threads: int = 0, one_by_one: bool = False
    ) -> None:
        """Choose by `one_by_one` what is short: the time of each text (a question), or else the time of them all.

        `threads` 0 means one for each core; `cache` is the folder for compiled models.
        """
        self.model = model
        self.precision = precision
        self.fingerprint = fingerprint(model, precision)
        self._lengths = _lengths(model)
        self._cache = cache
        self._threads = threads
        self._one_by_one = one_by_one
        self._loading: Future[Any] | None = None

    def prepare(self) -> None:
        """Begin to load the network beside what the caller does next; what goes wrong is raised when it is used."""
        if self._loading is None:
            self._loading = Future()
            openvino_core()  # here, because beside other imports it would wait for them
            # No daemon: an error elsewhere may end the program meanwhile, and OpenVINO crashes when it is cut off.
            Thread(target=self._load, args=[self._loading]).start()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return Tokenizer(self.model)

    @cached_property
    def _queue(self) -> Any:
        self.prepare()
        assert self._loading is not None
        return self._loading.result()

    def _load(self, loading: Future[Any]) -> None:
        try:
            compiled = compile_model(self.model, self.precision, self._cache, self._threads, self._one_by_one)
            loading.set_result(import_openvino().AsyncInferQueue(compiled, _QUEUED))
        except BaseException as error:
            loading.set_exception(error)

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        """Return vectors `[len(texts), width]` as they are stored; a text over `context_tokens` tokens is cut there."""
        return self._encode(self.tokenizer.contexts(texts), context_form)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Return vectors `[len(texts), width]` that ask; a text over `question_tokens` tokens is cut there."""
        return self._encode([self.tokenizer.question(text).ids for text in texts], question_form)

    def encode_question(self, text: str) -> tuple[Matrix, Question]:
        """Return a question's vector `[width]` and what was made of its text."""
        question = self.tokenizer.question(text)
        return self._encode([question.ids], question_form)[0], question

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Yield key and a context's vector `[width]` for each key and token ids, in the order of completion.

        `items` is drawn from while earlier ones are calculated. At most 48 are under way at a time.
        """
        for key, vector in self._stream(items):
            yield key, context_form(self.model.metric, vector)

    def _stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Do the same with the vectors `[dimension]` that the network returns."""
        done: deque[tuple[Key, Matrix]] = deque()

        def keep(request: Any, key: Key) -> None:
            done.append((key, request.get_output_tensor(0).data[0].copy()))

        queue = None  # a run in which there is nothing to embed never loads the model
        try:
            for key, ids in items:
                if queue is None:
                    queue = self._queue
                    queue.set_callback(keep)
                queue.start_async(self._inputs(ids), key, share_inputs=False)
                while done:
                    yield done.popleft()
            if queue is not None:
                queue.wait_all()
        except BaseException:
            if queue is not None:
                self._abandon(queue)
            raise
        yield from done

    def _abandon(self, queue: Any) -> None:
        """Stop what is under way, which would take a minute on a slow machine; the next text gets a new queue."""
        for request in queue:
            request.cancel()
        with suppress(RuntimeError):  # that requests were cancelled
            queue.wait_all()
        del self._queue
        self._loading = None

    def _encode(self, rows: Sequence[list[int]], form: Callable[[str, Matrix], Matrix]) -> Matrix:
        vectors = np.empty((len(rows), self.model.width), dtype=np.float32)
        for position, vector in self._stream(enumerate(rows)):
            vectors[position] = form(self.model.metric, vector)
        return vectors

    def _inputs(self, ids: list[int]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the model card's four inputs, each int64 `[1, length]`, zeros where the text has ended."""
        length = self._lengths[bisect_left(self._lengths, len(ids))]
        tokens, mask = np.zeros((1, length), np.int64), np.zeros((1, length), np.int64)
        tokens[0, : len(ids)] = ids
        mask[0, : len(ids)] = 1
        return {
            "input_ids": tokens,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(tokens),
            "position_ids": np.arange(length, dtype=np.int64)[None, :],
        }


def _lengths(model: Model) -> list[int]:
    """Return the lengths in tokens to which texts are padded, ascending."""
    step = -(-model.context_tokens // _CONTEXT_LENGTHS)
    lengths = {min(n * step, model.context_tokens) for n in range(2, _CONTEXT_LENGTHS + 1)}
    return sorted(lengths | {model.question_tokens})
