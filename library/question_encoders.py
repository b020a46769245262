"""The encoder of a question: with all cores for one that is asked alone, with half of them while others are asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder

__all__ = ["QuestionEncoders"]


class QuestionEncoders:
    """Lends the encoder for each question, for any number of threads.

    All cores answer one question soonest, but wait for each other at every layer of the network, and questions of
    several threads need a core for the rest of their work. The encoder with half of the cores is loaded in the
    background when two threads ask at once for the first time, and is used only if it makes equal vectors, so that no
    answer depends on who else asks.
    """

    def __init__(self, alone: Encoder, make_shared: Callable[[int], Encoder] | None) -> None:
        """`make_shared` returns an encoder with some number of threads; None where there is none."""
        self.alone = alone
        self._cores = os.cpu_count() or 1
        self._make_shared = make_shared if self._cores > 1 else None
        self._shared: Encoder | None = None
        self._is_checked = False
        self._asking = 0
        self._lock = Lock()

    @contextmanager
    def lend(self, question: str) -> Iterator[Encoder]:
        """Lend an encoder while `question` is answered."""
        with self._lock:
            self._asking += 1
            is_alone = self._asking == 1
        try:
            yield self.alone if is_alone else self._shared_for(question)
        finally:
            with self._lock:
                self._asking -= 1

    def _shared_for(self, question: str) -> Encoder:
        with self._lock:
            if self._shared is None and self._make_shared is not None:
                self._shared = self._make_shared(self._cores // 2)
                self._shared.prepare()
            shared = self._shared
        if shared is None or not shared.is_ready:
            return self.alone
        if not self._is_checked:
            if not np.array_equal(shared.encode_question(question)[0], self.alone.encode_question(question)[0]):
                with self._lock:
                    self._shared = self._make_shared = None
                return self.alone
            self._is_checked = True
        return shared
