"""An encoder whose contexts are embedded by actors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from wherein.embed.batches import Batching, WaitingTexts
from wherein.embed.encoder import Encoder, Matrix
from wherein.ingest.cluster.actors import Actors, Call

__all__ = ["ClusterEncoder"]

Key = TypeVar("Key")

# Texts of one padded length that an actor gets at once: about half a second of work.
_TOKENS = 4_096
# Texts that wait for each actor, and at least for all: most batches are then full.
_WAITING, _LEAST_WAITING = 32, 128
_LOOK_EVERY = 16  # texts that are read between two looks for results
# An actor's next call begins while the result of the last is on its way.
_CALLS = 2


class ClusterEncoder:
    """An `Encoder` in all but `stream` and `prepare`."""

    def __init__(self, encoder: Encoder, actors: Actors) -> None:
        self._encoder = encoder
        self._actors = actors
        self._most = max(_LEAST_WAITING, _WAITING * actors.count)
        model = encoder.model
        self._lengths = Batching().lengths(model.context_tokens, model.question_limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def prepare(self) -> None:
        """Do nothing: the actors have loaded the model, and it is not needed here."""

    def stream(self, items: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Matrix]]:
        """Yield key and stored vector of each (key, token ids), in the order of completion."""
        waiting = WaitingTexts[Key](self._lengths, _TOKENS)
        running: dict[Call, list[Key]] = {}
        for key, ids in items:
            waiting.add(key, ids)
            if self._is_due(len(waiting), len(running)):
                self._start(waiting, running)
            is_full = len(waiting) >= self._most
            if running and (is_full or len(waiting) % _LOOK_EVERY == 0):
                yield from self._finished(running, None if is_full else 0)
        while waiting or running:
            while waiting and len(running) < _CALLS * self._actors.count:
                self._start(waiting, running)
            yield from self._finished(running, None)

    def _is_due(self, waiting: int, running: int) -> bool:
        """Whether an actor is to get a batch: one that is idle at once, because the next text may be slow to read."""
        count = self._actors.count
        return running < count or (running < _CALLS * count and waiting >= self._most)

    def _start(self, waiting: WaitingTexts[Key], running: dict[Call, list[Key]]) -> None:
        keys, rows = waiting.next_batch()
        running[self._actors.call("embed", rows)] = keys

    def _finished(self, running: dict[Call, list[Key]], seconds: float | None) -> Iterator[tuple[Key, Matrix]]:
        for call in self._actors.wait([*running], seconds):
            yield from zip(running.pop(call), call.value, strict=True)
