"""Embed contexts and questions, as fast as this CPU can.

Each text is padded to a multiple of 16 tokens. Contexts of the same padded length share an inference; at these lengths
the vector of a text does not depend on its company (docs/decisions/shapes.md).
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from wherein.embed.batches import WaitingTexts
from wherein.embed.metric import context_form, question_form
from wherein.embed.model import Model, fingerprint
from wherein.embed.runtime import compile_model, import_openvino, openvino_core
from wherein.embed.tokenizer import Question, Tokenizer

__all__ = ["Encoder", "Matrix"]

Matrix = npt.NDArray[np.float32]
Key = TypeVar("Key")

# At other lengths a w8a8 vector changes with the padding, by up to 0.002 (docs/decisions/shapes.md).
_LENGTH_STEP = 16
# Requests for each stream: the next one begins while the results of the last are collected.
_REQUESTS_PER_STREAM = 2
# Texts that wait for others of their length: most batches are then full.
_WAITING = 128


class Encoder:
    """A model at one precision. Cheap to construct: tokenizer and network are loaded on first use.

    Vectors are float32, in the stored or searched form of embed/metric.py, so that index and delta need not know the
    model's metric. Methods that tokenize or embed raise Damaged when a file of the model is not the manifest's.
    """

    def __init__(
        self, model: Model, precision: str, *, cache: Path | None = None, threads: int = 0, one_by_one: bool = False
    ) -> None:
        """Set up for low latency of single questions (`one_by_one`) or for high throughput of many contexts.

        `threads` 0 means one per core; `cache` is the folder for compiled models, None to compile each time.
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
        """Start to load the network in the background; errors are raised when it is first used."""
        if self._loading is None:
            self._loading = Future()
            openvino_core()  # in this thread: in the other one its import would wait for this thread's imports
            # Not a daemon: OpenVINO crashes if the program ends, for instance with an error, while it loads.
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
            requests = _REQUESTS_PER_STREAM * int(compiled.get_property("NUM_STREAMS"))
            loading.set_result(import_openvino().AsyncInferQueue(compiled, requests))
        except BaseException as error:
            loading.set_exception(error)  # raised again by `_queue`, in the thread that needs the network

    @cached_property
    def _takes_batches(self) -> bool:
        """Whether an inference may have several texts: the graphs of the Open Model Zoo take one."""
        return bool(self._queue[0].get_compiled_model().inputs[0].partial_shape[0].is_dynamic)

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        """Return stored vectors `[len(texts), width]`; texts are truncated to `context_tokens` tokens."""
        return self._encode(self.tokenizer.contexts(texts), context_form)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Return search vectors `[len(texts), width]`; texts are truncated to `question_tokens` tokens."""
        return self._encode([self.tokenizer.question(text).ids for text in texts], question_form)

    def encode_question(self, text: str) -> tuple[Matrix, Question]:
        """Return a question's search vector `[width]`, and its tokens with the text that was cut off."""
        question = self.tokenizer.question(text)
        return self._encode([question.ids], question_form)[0], question

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Yield the key and the stored vector `[width]` of each (key, token ids), in the order of completion.

        Reads from `items` while earlier ones are computed, a few hundred ahead at most.
        """
        for key, vector in self._stream(items):
            yield key, context_form(self.model.metric, vector)

    def _stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Yield the same with the network's vectors `[dimension]`."""
        items = iter(items)
        first = next(items, None)
        if first is None:  # a run with nothing to embed never loads the model
            return
        # A deque: OpenVINO's threads append to it, and its appends and pops are atomic.
        done: deque[tuple[Key, Matrix]] = deque()

        def on_done(request: Any, keys: list[Key]) -> None:
            # Copied, because the next inference writes to the same tensor.
            done.extend(zip(keys, request.get_output_tensor(0).data.copy(), strict=True))

        queue = self._queue
        queue.set_callback(on_done)
        try:
            for _ in self._feed(queue, chain([first], items)):
                while done:
                    yield done.popleft()
            queue.wait_all()
        # Also for GeneratorExit, when the caller abandons the stream, and for Ctrl-C.
        except BaseException:
            self._abandon(queue)
            raise
        # Outside of the `try`: nothing is queued any more that could be cancelled.
        yield from done

    def _feed(self, queue: Any, items: Iterable[tuple[Key, list[int]]]) -> Iterator[None]:
        """Start inferences until each item is in one; yield after each step, so that results can be collected."""
        waiting = WaitingTexts[Key](self._lengths, batched=self._takes_batches)
        for key, ids in items:
            waiting.add(key, ids)
            # A request that is idle takes what there is, because a slow reader may need long for the next text.
            if queue.is_ready() or len(waiting) >= _WAITING:
                self._start(queue, waiting)
            yield
        while waiting:
            self._start(queue, waiting)
            yield

    def _start(self, queue: Any, waiting: WaitingTexts[Key]) -> None:
        keys, rows = waiting.next_batch()
        # Inputs are copied, because nothing here keeps the arrays alive while the request waits.
        queue.start_async(self._inputs(rows), keys, share_inputs=False)

    def _abandon(self, queue: Any) -> None:
        """Cancel the queued requests, which would take a minute on a slow machine; the next text gets a new queue."""
        for request in queue:
            request.cancel()
        with suppress(RuntimeError):  # raised for each cancelled request
            queue.wait_all()
        del self._queue
        self._loading = None

    def _encode(self, rows: Sequence[list[int]], form: Callable[[str, Matrix], Matrix]) -> Matrix:
        vectors = np.empty((len(rows), self.model.width), dtype=np.float32)
        # Vectors come in the order of completion; the key says where each belongs.
        for row, vector in self._stream(enumerate(rows)):
            vectors[row] = form(self.model.metric, vector)
        return vectors

    def _inputs(self, rows: Sequence[list[int]]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the model card's four inputs, each int64 `[n, length]`, padded with zeros (the mask hides them).

        All rows have the same padded length.
        """
        shape = len(rows), self._padded_length(rows[0])
        tokens, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, ids in enumerate(rows):
            tokens[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        return {
            "input_ids": tokens,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(tokens),
            "position_ids": np.tile(np.arange(shape[1], dtype=np.int64), (shape[0], 1)),
        }

    def _padded_length(self, ids: list[int]) -> int:
        return self._lengths[bisect_left(self._lengths, len(ids))]


def _lengths(model: Model) -> list[int]:
    """Return the lengths in tokens to which texts are padded, ascending: 32, 48, 64 … 384 for the shipped model."""
    lengths = range(2 * _LENGTH_STEP, model.context_tokens, _LENGTH_STEP)
    return sorted({*lengths, model.question_tokens, model.context_tokens})
