"""A checksum for each page of a file, so that a part of it can be read and checked without the rest.

A page is checked before it is first read, and only then: a file of 270 MB opens at once, and damage to it is still an
error and never a wrong answer.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["PAGE", "CheckedArray", "CheckedPages", "PageChecksums", "page_count"]

PAGE = 4096
"""Bytes of a page. Stored files depend on it."""

Integers = npt.NDArray[Any]


def page_count(size: int) -> int:
    """Return the number of pages of so many bytes."""
    return -(-size // PAGE)


class PageChecksums:
    """The CRC-32 of each page of a file that is written piece by piece."""

    def __init__(self) -> None:
        self._done: list[int] = []
        self._last = self._size = 0

    def add(self, data: bytes) -> None:
        """Add the next bytes of the file."""
        left = memoryview(data)
        while left:
            room = PAGE - self._size % PAGE
            part, left = left[:room], left[room:]
            self._last = crc32(part, self._last)
            self._size += len(part)
            if self._size % PAGE == 0:
                self._done.append(self._last)
                self._last = 0

    def packed(self) -> bytes:
        """Return the checksums, 4 bytes each, little-endian."""
        unfinished = [self._last] if self._size % PAGE else []
        return np.array([*self._done, *unfinished], "<u4").tobytes()


class CheckedPages:
    """The first bytes of a mapped file, and the checksum of each of their pages.

    Several threads may use it: at worst two of them check the same page.
    """

    def __init__(self, data: memoryview, checksums: Integers) -> None:
        self._data = data
        self._checksums = checksums
        self._checked = bytearray(len(checksums))

    def require(self, first: int, last: int) -> None:
        """Check the pages of the bytes from `first` to `last`. Raises ValueError when one is not as it was written."""
        start, stop = first // PAGE, page_count(last)
        if self._checked.find(0, start, stop) < 0:
            return
        for number in range(start, stop):
            if not self._checked[number]:
                if crc32(self._data[number * PAGE : (number + 1) * PAGE]) != self._checksums[number]:
                    raise ValueError(f"its page {number} does not match its checksum")
                self._checked[number] = 1


class CheckedArray:
    """An array of integers in a file, whose pages are checked before its items are returned."""

    def __init__(self, items: Integers, offset: int, pages: CheckedPages) -> None:
        self._items = items
        self._offset = offset
        self._pages = pages

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> int:
        """Return an item. Raises ValueError when its page is damaged, IndexError when there is none."""
        if not 0 <= index < len(self._items):
            raise IndexError(index)
        self._require(index, index + 1)
        return int(self._items[index])

    def part(self, first: int, last: int) -> Integers:
        """Return the items from `first` to `last`, as far as they exist. Raises ValueError when a page is damaged."""
        last = min(last, len(self._items))
        if first >= last:
            return self._items[:0]
        self._require(first, last)
        return self._items[first:last]

    def whole(self) -> Integers:
        """Return all items. Raises ValueError when a page is damaged."""
        return self.part(0, len(self._items))

    def sum(self, first: int, last: int) -> int:
        """Return the sum of the items from `first` to `last`. Raises ValueError when a page is damaged."""
        return int(self.part(first, last).sum(dtype=np.int64))

    def _require(self, first: int, last: int) -> None:
        size = self._items.itemsize
        self._pages.require(self._offset + first * size, self._offset + last * size)
