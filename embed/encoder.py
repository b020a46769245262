"""Embed contexts and questions, as fast as this CPU can.

Each text is one inference, padded to the next of eight lengths. With one stream per core, batches of equal length are
no faster, and OpenVINO never frees the memory that it allocates for each new shape (docs/decisions/shapes.md).
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

from wherein.embed.devices import CPU, needs_fixed_shape
from wherein.embed.metric import context_form, question_form
from wherein.embed.model import Model, fingerprint
from wherein.embed.runtime import compile_model, import_openvino, openvino_core
from wherein.embed.tokenizer import Question, Tokenizer

__all__ = ["Encoder", "Matrix"]

Matrix = npt.NDArray[np.float32]
Key = TypeVar("Key")

# Contexts are padded to multiples 2 to 8 of an eighth of the longest; the length of questions is the eighth length.
# Few lengths are faster and need less memory: 147 contexts per second and 283 MB, while a shape for each length has 105
# and 965 (docs/decisions/shapes.md).
_LENGTH_STEPS = 8
# Requests in OpenVINO's queue: enough that reading a slow document does not leave the CPU idle.
_QUEUE_SIZE = 48


class Encoder:
    """A model at one precision. Cheap to construct: tokenizer and network are loaded on first use.

    Vectors are float32, in the stored or searched form of embed/metric.py, so that index and delta need not know the
    model's metric. Methods that tokenize or embed raise Damaged when a file of the model is not the manifest's.
    """

    def __init__(
        self,
        model: Model,
        precision: str,
        *,
        cache: Path | None = None,
        threads: int = 0,
        one_by_one: bool = False,
        device: str = CPU,
    ) -> None:
        """Set up for low latency of single questions (`one_by_one`) or for high throughput of many contexts.

        `threads` 0 means one per core; `cache` is the folder for compiled models, None to compile each time.
        `device` is one that `embed.devices.pick_device` returned.
        """
        self.model = model
        self.precision = precision
        self.fingerprint = fingerprint(model, precision)
        self.device = device
        self._lengths = [model.context_tokens] if needs_fixed_shape(device) else _lengths(model)
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
            compiled = compile_model(
                self.model, self.precision, self._cache, self._threads, self._one_by_one, self.device
            )
            loading.set_result(import_openvino().AsyncInferQueue(compiled, _QUEUE_SIZE))
        except BaseException as error:
            loading.set_exception(error)  # raised again by `_queue`, in the thread that needs the network

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

        Reads from `items` while earlier ones are computed, at most 48 ahead.
        """
        for key, vector in self._stream(items):
            yield key, context_form(self.model.metric, vector)

    def _stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Yield the same with the network's vectors `[dimension]`."""
        # A deque: OpenVINO's threads append to it, and its appends and pops are atomic.
        done: deque[tuple[Key, Matrix]] = deque()

        def on_done(request: Any, key: Key) -> None:
            # Copied, because the next inference writes to the same tensor.
            done.append((key, request.get_output_tensor(0).data[0].copy()))

        queue = None  # a run with nothing to embed never loads the model
        try:
            for key, ids in items:
                if queue is None:
                    queue = self._queue
                    queue.set_callback(on_done)
                # Inputs are copied, because nothing here keeps the arrays alive while the request waits.
                queue.start_async(self._inputs(ids), key, share_inputs=False)
                while done:
                    yield done.popleft()
            if queue is not None:
                queue.wait_all()
        # Also for GeneratorExit, when the caller abandons the stream, and for Ctrl-C.
        except BaseException:
            if queue is not None:
                self._abandon(queue)
            raise
        # Outside of the `try`: nothing is queued any more that could be cancelled.
        yield from done

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

    def _inputs(self, ids: list[int]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the model card's four inputs, each int64 `[1, length]`, padded with zeros (the mask hides them)."""
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
    """Return the lengths in tokens to which texts are padded, ascending: 32, 96, 144 … 384 for the shipped model."""
    step = -(-model.context_tokens // _LENGTH_STEPS)
    lengths = {min(n * step, model.context_tokens) for n in range(2, _LENGTH_STEPS + 1)}
    return sorted(lengths | {model.question_tokens})
