"""Values that were computed lately, kept up to a total size."""

from threading import Lock
from typing import TypeVar

__all__ = ["Recent"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """Values by their keys, kept until their sizes exceed `limit`; then it begins again. For any number of threads."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._size = 0
        self._lock = Lock()

    def clear(self) -> None:
        """Forget all values."""
        super().clear()
        self._size = 0

    def keep(self, key: Key, value: Value, size: int) -> None:
        """Keep a value of some size, which counts at least 1: many small ones are bounded, too."""
        with self._lock:
            self._size += max(size, 1)
            if self._size > self._limit:
                self.clear()
                self._size = max(size, 1)
            self[key] = value
