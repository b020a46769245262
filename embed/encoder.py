"""Embed contexts and questions, as fast as this CPU can.

Each text is padded to a multiple of 16 tokens. Contexts of the same padded length share an inference; at these lengths
the vector of a text does not depend on its company, nor on the padding (docs/decisions/shapes.md).
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from itertools import chain
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from wherein.embed.batches import Batching, WaitingTexts
from wherein.embed.devices import CPU, needs_fixed_shape
from wherein.embed.metric import context_form, question_form
from wherein.embed.model import Model, fingerprint
from wherein.embed.runtime import compile_model, import_openvino, openvino_core
from wherein.embed.sharing import SharedRuns
from wherein.embed.tokenizer import Question, Tokenizer

__all__ = ["Encoder", "Matrix"]

Matrix = npt.NDArray[np.float32]
Key = TypeVar("Key")

# Requests for each stream: the next one begins while the results of the last are collected.
_REQUESTS_PER_STREAM = 2
# Texts that wait for others of their length: most batches are then full.
_WAITING = 128


class Encoder:
    """A model at one precision, for any number of threads. Cheap to construct: all is loaded on first use.

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
        batching: Batching = Batching(),  # noqa: B008 - it is frozen
    ) -> None:
        """Set up for low latency of single questions (`one_by_one`) or for high throughput of many contexts.

        `threads` 0 means one per core; `cache` is the folder for compiled models, None to compile each time.
        `device` is one that `embed.devices.pick_device` returned. `batching` changes the speed, but no vector.
        """
        self.model = model
        self.precision = precision
        self.fingerprint: str = fingerprint(model, precision)
        self.device = device
        self.set_batching(batching)
        self._cache = cache
        self._threads = threads
        self._one_by_one = one_by_one
        self._lock = Lock()
        self._network: _Network | None = None
        self._infer_questions = SharedRuns(self._infer, self._padded_length, np.array_equal)

    def set_batching(self, batching: Batching) -> None:
        """Let texts share inferences in another way from now on; not while another thread embeds."""
        fixed = needs_fixed_shape(self.device)
        self.batching: Batching = Batching(0) if fixed else batching
        model = self.model
        lengths = batching.lengths(model.context_tokens, model.question_limit)
        self._lengths = [model.context_tokens] if fixed else lengths

    def with_threads(self, threads: int) -> "Encoder":
        """Return another encoder of this model that uses `threads` threads."""
        return Encoder(
            self.model, self.precision, cache=self._cache, threads=threads, one_by_one=self._one_by_one,
            device=self.device, batching=self.batching,
        )  # fmt: skip

    @property
    def is_ready(self) -> bool:
        """Whether the network is loaded."""
        network = self._network
        return network is not None and network.is_loaded

    def prepare(self) -> None:
        """Start to load the network in the background; errors are raised when it is first used."""
        with self._lock:
            self._prepared()

    def _prepared(self) -> "_Network":
        # In this thread: in the other one its import would wait for this thread's imports.
        openvino_core()  # raises WhereinError in a forked child
        if self._network is None or self._network.has_failed:  # its files may have been mended since
            self._network = _Network(
                lambda: compile_model(
                    self.model, self.precision, self._cache, self._threads, self._one_by_one, self.device
                )
            )
        return self._network

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return Tokenizer(self.model)

    @contextmanager
    def _using(self) -> Iterator["_Network"]:
        """Yield the network, which is not given up meanwhile by another thread."""
        with self._lock:
            network = self._prepared()
            network.users += 1
        try:
            yield network
        finally:
            with self._lock:
                network.users -= 1

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        """Return stored vectors `[len(texts), width]`; texts are truncated to `context_tokens` tokens."""
        return self._encode(self.tokenizer.contexts(texts), context_form)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        """Return search vectors `[len(texts), width]`; texts are truncated to the model's `question_limit` tokens."""
        return self.encode_tokenized([self.tokenizer.question(text) for text in texts])

    def encode_tokenized(self, questions: Sequence[Question]) -> Matrix:
        """Return the search vectors `[len(questions), width]` of questions that the tokenizer returned."""
        return self._encode([question.ids for question in questions], question_form)

    def encode_question(self, text: str) -> tuple[Matrix, Question]:
        """Return a question's search vector `[width]`, and its tokens with the text that was cut off.

        The questions of several threads share inferences, and have the same vectors as alone.
        """
        question = self.tokenizer.question(text)
        return question_form(self.model.metric, self._infer_questions(question.ids)), question

    def _infer(self, rows: Sequence[list[int]]) -> list[Matrix]:
        """Return the network's vectors `[dimension]` of rows that are padded to the same length."""
        with self._using() as network:
            if len(rows) > 1 and not network.takes_batches:
                return [vector for row in rows for vector in network.infer(self._inputs([row]))]
            return network.infer(self._inputs(rows))

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

        network = queue = None
        with ExitStack() as stack:
            try:
                network = stack.enter_context(self._using())
                queue = network.take_queue()
                queue.set_callback(on_done)
                for _ in self._feed(network, queue, chain([first], items)):
                    while done:
                        yield done.popleft()
                queue.wait_all()
                network.put_back(queue)
            # Also for GeneratorExit, when the caller abandons the stream, and for Ctrl-C.
            except BaseException:
                if network is not None and queue is not None:
                    self._abandon(network, queue)
                raise
        # Outside of the `try`: nothing is queued any more that could be cancelled.
        yield from done

    def _feed(self, network: "_Network", queue: Any, items: Iterable[tuple[Key, list[int]]]) -> Iterator[None]:
        """Start inferences until each item is in one; yield after each step, so that results can be collected."""
        waiting = WaitingTexts[Key](self._lengths, self.batching.tokens if network.takes_batches else 0)
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
        request = queue[queue.get_idle_request_id()]  # waits until there is one, which is then started
        for name, values in self._inputs(rows).items():
            _fill(request.get_tensor(name), values)
        queue.start_async(None, keys)

    def _abandon(self, network: "_Network", queue: Any) -> None:
        """Get rid of the queued requests, which would take a minute on a slow machine."""
        with self._lock:
            alone = network.users == 1
            if alone and self._network is network:
                # OpenVINO leaves a network in which it cancelled something damaged: the next text gets another.
                self._network = None
        if alone:
            for request in queue:
                request.cancel()
        with suppress(RuntimeError):  # raised for each cancelled request
            queue.wait_all()

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


def _fill(tensor: Any, values: npt.NDArray[np.int64]) -> None:
    """Copy an input `[n, length]` of a request into its tensor.

    To leave this to `start_async` took 0.3 ms a question, in which no other thread could run. Not by tensors that share
    the arrays' memory: vectors were wrong when other requests ran beside this one.
    """
    if tuple(tensor.shape) != values.shape:
        tensor.shape = values.shape
    tensor.data[:] = values


class _Network:
    """A compiled network, loaded in the background. `users` counts the threads that use it at the moment."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self.users = 0
        self._compiled: Future[Any] = Future()
        self._idle_queues: list[Any] = []  # its appends and pops are atomic
        # Not a daemon: OpenVINO crashes if the program ends, for instance with an error, while it loads.
        Thread(target=self._load, args=[load]).start()

    def _load(self, load: Callable[[], Any]) -> None:
        try:
            self._compiled.set_result(load())
        except BaseException as error:
            self._compiled.set_exception(error)  # raised again in the thread that needs the network

    @property
    def is_loaded(self) -> bool:
        """Whether it can be used without waiting."""
        return self._compiled.done() and self._compiled.exception() is None

    @property
    def has_failed(self) -> bool:
        """Whether the network could not be loaded."""
        return self._compiled.done() and self._compiled.exception() is not None

    @cached_property
    def takes_batches(self) -> bool:
        """Whether an inference may have several texts: the graphs of the Open Model Zoo take one."""
        return bool(self._compiled.result().inputs[0].partial_shape[0].is_dynamic)

    @cached_property
    def _request(self) -> Any:
        return self._compiled.result().create_infer_request()

    @cached_property
    def _input_tensors(self) -> dict[str, Any]:
        return {port.any_name: self._request.get_tensor(port) for port in self._compiled.result().inputs}

    def infer(self, inputs: dict[str, npt.NDArray[np.int64]]) -> list[Matrix]:
        """Return the vectors `[dimension]` of inputs `[n, length]`; for one thread at a time."""
        for name, values in inputs.items():
            _fill(self._input_tensors[name], values)
        # Not `infer`, which computes in the calling thread, with as many threads as that may use: the same text would
        # have a slightly different vector than in the network's own threads.
        self._request.start_async()
        self._request.wait()
        return list(self._request.get_output_tensor(0).data.copy())

    def take_queue(self) -> Any:
        """Return an `openvino.AsyncInferQueue` that nothing else uses."""
        if self._idle_queues:
            return self._idle_queues.pop()
        compiled = self._compiled.result()
        requests = _REQUESTS_PER_STREAM * int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        return import_openvino().AsyncInferQueue(compiled, requests)

    def put_back(self, queue: Any) -> None:
        """Keep a queue that has nothing left to do for the next stream."""
        self._idle_queues.append(queue)
