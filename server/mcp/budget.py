"""The size of a result, in tokens as the library's model counts them."""

from __future__ import annotations

from wherein.library import Library

__all__ = ["Budget"]


class Budget:
    """How many tokens are left of a result."""

    def __init__(self, library: Library, tokens: int) -> None:
        self.left = tokens
        self._library = library

    def count(self, text: str) -> int:
        """Return the number of a text's tokens."""
        words = self._library.words(text)
        return words.count(0, len(words.start))

    def spend(self, text: str) -> str:
        """Return the text; its tokens are spent, even if fewer were left."""
        self.left -= self.count(text)
        return text

    def fitting(self, text: str, reserved: int = 0) -> int:
        """Return how many characters of a text fit in what is left, less the tokens that are `reserved`."""
        words = self._library.words(text)
        room = self.left - reserved
        if words.count(0, len(words.start)) <= room:
            return len(text)
        kept = int((words.before <= max(0, room)).sum()) - 1  # whole words
        return int(words.start[kept])
