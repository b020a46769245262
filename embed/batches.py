"""Texts that wait for the encoder, and the batches in which they are embedded."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

__all__ = ["Batching", "WaitingTexts"]

Key = TypeVar("Key")


@dataclass(frozen=True)
class Batching:
    """How texts share inferences: at most `tokens` in a batch, or one text, padded to a multiple of `step` tokens.

    `step` is a multiple of 16: at other lengths a w8a8 vector changes with the padding (docs/decisions/shapes.md). The
    defaults are for a machine where nothing was measured.
    """

    tokens: int = 512
    step: int = 16

    def lengths(self, context_tokens: int, question_tokens: int) -> list[int]:
        """Return the lengths in tokens to which texts are padded, ascending: 32, 48, 64 … 384 for the shipped model."""
        lengths = range(32, context_tokens, self.step)
        return sorted({*lengths, question_tokens, context_tokens})


class WaitingTexts(Generic[Key]):
    """Texts as token ids, grouped by the length to which each is padded: the next of `lengths`, which ascend.

    A batch has texts of one padded length, so that a text is padded alike in any company, and at most `tokens` tokens,
    or one text.
    """

    def __init__(self, lengths: Sequence[int], tokens: int) -> None:
        self._lengths = lengths
        self._tokens = tokens
        # Of each padded length the texts that wait, with the number of each in the order of their arrival.
        self._waiting: dict[int, deque[tuple[int, Key, list[int]]]] = {}
        self._numbers = count()
        self._count = 0

    def __len__(self) -> int:
        """Return how many texts wait."""
        return self._count

    def add(self, key: Key, ids: list[int]) -> None:
        """Add a text. Raises IndexError when it is longer than the longest of the lengths."""
        length = self._lengths[bisect_left(self._lengths, len(ids))]
        self._waiting.setdefault(length, deque()).append((next(self._numbers), key, ids))
        self._count += 1

    def next_batch(self) -> tuple[list[Key], list[list[int]]]:
        """Remove the text that has waited longest, and others of its padded length; return their keys and ids.

        Raises ValueError when no text waits.
        """
        length = min(self._waiting, key=lambda length: self._waiting[length][0][0])
        texts = self._waiting[length]
        batch = [texts.popleft() for _ in range(min(len(texts), max(1, self._tokens // length)))]
        if not texts:
            del self._waiting[length]
        self._count -= len(batch)
        return [key for _, key, _ in batch], [ids for _, _, ids in batch]
