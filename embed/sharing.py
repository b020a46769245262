"""Inferences that are shared: what several threads ask for at the same time is computed together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["SharedRuns"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# Few sizes, because OpenVINO never frees the memory that it allocates for a new shape.
_SIZES = (16, 8, 4, 2, 1)


class SharedRuns(Generic[Item, Result]):
    """Runs a function of several items for many threads, each of which has one item; one run at a time.

    A thread that finds no run under way starts one at once. Those that come meanwhile wait, and when the run has ended,
    the first of them runs with as many of the others as fit into a batch of 2, 4, 8 or 16. Only items with the same
    `kind` share a run. The first batch of each size is compared with its items run alone: where a result is not `same`,
    because the processor computes batches otherwise, no batch of that size is run again.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        kind: Callable[[Item], object],
        same: Callable[[Result, Result], bool],
    ) -> None:
        self._run = run
        self._kind = kind
        self._same = same
        self._lock = Lock()
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._running = False
        self._batch_is_exact = {1: True}

    def __call__(self, item: Item) -> Result:
        """Return the result of an item. Raises what its run raised."""
        own: _Waiting[Item, Result] = _Waiting(item)
        with self._lock:
            leads, self._running = not self._running, True
            if not leads:
                self._waiting.append(own)
        if leads or self._wait(own):
            self._lead(own)
        return own.outcome()

    def _wait(self, own: _Waiting[Item, Result]) -> bool:
        """Wait until `own` was run, or is to lead the next run; return whether it is to lead."""
        try:
            return own.wait()
        except BaseException:  # for instance Ctrl-C: nobody may wait for this thread
            with self._lock:
                waits = own in self._waiting
                if waits:
                    self._waiting.remove(own)
            if not waits and not own.is_done:
                self._end([own])
            raise

    def _lead(self, own: _Waiting[Item, Result]) -> None:
        """Run the item `own` with others, then let the next thread that waits lead."""
        batch = [own]
        try:
            batch = self._batch(own)
            results = self._results([one.item for one in batch])
        except Exception as error:
            for one in batch:
                one.error = error
        except BaseException:  # meant for this thread alone
            with self._lock:
                self._waiting.extendleft(reversed(batch[1:]))
            batch = batch[:1]
            raise
        else:
            for one, result in zip(batch, results, strict=True):
                one.results.append(result)
        finally:
            self._end(batch)

    def _batch(self, own: _Waiting[Item, Result]) -> list[_Waiting[Item, Result]]:
        """Take others of the kind of `own` from those that wait, as many as fill a batch with it."""
        with self._lock:
            if not self._waiting:
                return [own]
            kind = self._kind(own.item)
            alike = [one for one in self._waiting if self._kind(one.item) == kind]
            size = next(size for size in _SIZES if size <= 1 + len(alike) and self._batch_is_exact.get(size, True))
            for one in alike[: size - 1]:
                self._waiting.remove(one)
            return [own, *alike[: size - 1]]

    def _results(self, items: Sequence[Item]) -> Sequence[Result]:
        results = self._run(items)
        if len(items) in self._batch_is_exact:
            return results
        alone = [self._run([item])[0] for item in items]
        self._batch_is_exact[len(items)] = all(map(self._same, results, alone))
        return alone

    def _end(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        with self._lock:
            following = self._waiting.popleft() if self._waiting else None
            self._running = following is not None
        # First, so that the next run begins while the threads of this one continue.
        if following is not None:
            following.wake()
        for one in batch[1:]:
            one.wake()


class _Waiting(Generic[Item, Result]):
    """An item, and the results or the error of its run; neither before that."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.results: list[Result] = []
        self.error: Exception | None = None
        self._asleep = Lock()
        self._asleep.acquire()

    def wait(self) -> bool:
        """Wait to be woken; return whether the item was not run yet."""
        self._asleep.acquire()
        return not self.is_done

    @property
    def is_done(self) -> bool:
        """Whether the item was run."""
        return bool(self.results) or self.error is not None

    def outcome(self) -> Result:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.results[0]

    def wake(self) -> None:
        """Let the thread continue."""
        self._asleep.release()
