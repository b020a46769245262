"""The rows of a SQLite file, read without SQLite, which gives up a table at its first damaged page.

Here a damaged page costs its own rows, or those below it, and no others; even those below are found again, as leaves
that nothing leads to. Whether a row is what was stored is for the caller to say. The format is that of
https://sqlite.org/fileformat2.html. Catalogues are UTF-8 and reserve no bytes in their pages.
"""

import struct
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wherein.storage.repair.sqlite_wal import EMPTY_LOG, Log

__all__ = ["Pages", "Row", "Value"]

Value = int | float | str | bytes | None

_PAGE_SIZE = 4096
_FILE_HEADER = 100
_LEAF, _INTERIOR = 13, 5
_CELL = 4  # the smallest that a table has
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_DEEPEST = 20


@dataclass(frozen=True)
class Row:
    """A row of a table: its id and its values in the order of the columns, None where an integer key stands for it.

    `whole` tells whether all of it could be read. Text that is no UTF-8 has lone surrogates.
    """

    id: int
    values: tuple[Value, ...]
    whole: bool = True


class Pages:
    """A catalogue's pages, the newest version of each from the file or from its log.

    `unread` are the pages that were expected to hold rows, or lead to them, and do not.
    """

    def __init__(self, path: Path, log: Log = EMPTY_LOG, log_path: Path | None = None) -> None:
        self._file = path.open("rb")
        self._log = log
        self._log_file = log_path.open("rb") if log_path and log.places else None
        self._file.seek(0)
        self.size = _page_size(self._file.read(_FILE_HEADER))
        self.count = max(path.stat().st_size // self.size, log.pages)
        self.seen: set[int] = set()
        self.unread: set[int] = set()

    def __enter__(self) -> "Pages":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._log_file:
            self._log_file.close()

    def page(self, number: int) -> bytes:
        """Return a page's bytes. Raises ValueError when there is no such page."""
        place = self._log.places.get(number)
        if self._log_file and place is not None and self._log.page_size == self.size:
            file, at = self._log_file, place
        else:
            file, at = self._file, (number - 1) * self.size
        if not 0 < number <= self.count:
            raise ValueError(f"there is no page {number}")
        file.seek(at)
        data = file.read(self.size)
        if len(data) < self.size:
            raise ValueError(f"page {number} is cut off")
        return data

    def tables(self) -> dict[str, int]:
        """Return the root pages of the tables by name, as far as the schema can be read."""
        found: dict[str, int] = {}
        for row in self.rows(1):
            kind, name, _, root, *_ = (*row.values, None, None, None, None)
            if kind == "table" and isinstance(name, str) and isinstance(root, int):
                found[name] = root
        return found

    def rows(self, root: int) -> Iterator[Row]:
        """Yield the rows of the table whose tree begins at page `root`, as far as its pages can be read."""
        yield from self._below(root, 0)

    def _below(self, number: int, depth: int) -> Iterator[Row]:
        if number in self.seen or depth > _DEEPEST:
            self.unread.add(number)
            return
        self.seen.add(number)
        try:
            data = self.page(number)
            kind, cells, last = _tree_page(data, number)
        except ValueError:
            self.unread.add(number)
            return
        if kind == _LEAF:
            yield from self._leaf(data, cells)
            return
        for cell in cells:
            yield from self._below(int.from_bytes(data[cell : cell + 4]), depth + 1)
        yield from self._below(last, depth + 1)

    def stray_rows(self, free: Container[int]) -> Iterator[Row]:
        """Yield the rows of leaves that no tree led to and that are not `free`, once all trees were read."""
        for number in range(2, self.count + 1):
            if number in self.seen or number in free:
                continue
            with suppress(ValueError):
                data = self.page(number)
                kind, cells, _ = _tree_page(data, number)
                if kind == _LEAF:
                    yield from self._leaf(data, cells)

    def free_pages(self) -> set[int] | None:
        """Return the pages of the free list, None when it cannot be read or is not as long as it says.

        They may still hold rows, which were deleted.
        """
        free: set[int] = set()
        try:
            trunk, expected = struct.unpack_from(">2I", self.page(1), 32)
            while trunk and len(free) <= self.count:
                data = self.page(trunk)
                following, leaves = struct.unpack_from(">2I", data)
                free.add(trunk)
                free.update(struct.unpack_from(f">{leaves}I", data, 8))
                trunk = following
        except (ValueError, struct.error):
            return None
        return free if len(free) == expected else None

    def _leaf(self, data: bytes, cells: list[int]) -> Iterator[Row]:
        for cell in cells:
            try:
                size, at = _varint(data, cell)
                row_id, at = _varint(data, at)
                payload, whole = self._payload(data, at, size)
                yield Row(_signed(row_id), _values(payload), whole)
            except (ValueError, IndexError):
                yield Row(0, (), whole=False)

    def _payload(self, data: bytes, at: int, size: int) -> tuple[bytes, bool]:
        """Return a cell's content from its page and its chain of overflow pages, and whether that was all there."""
        if size > self.count * self.size:
            raise ValueError("longer than the file")
        kept = _local(size, self.size)
        parts, left = [data[at : at + kept]], size - kept
        following = int.from_bytes(data[at + kept : at + kept + 4]) if left else 0
        passed: set[int] = set()
        while left > 0:
            try:
                if following in passed:
                    raise ValueError("a chain that goes round")
                passed.add(following)
                page = self.page(following)
            except ValueError:
                return b"".join(parts).ljust(size, b"\0"), False
            parts.append(page[4 : 4 + left])
            left -= len(parts[-1])
            following = int.from_bytes(page[:4])
        self.seen |= passed
        return b"".join(parts), True


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18])
    size = 65_536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else _PAGE_SIZE


def _tree_page(data: bytes, number: int) -> tuple[int, list[int], int]:
    """Return the kind of a page of a table's tree, where its cells begin, and the last page below it."""
    at = _FILE_HEADER if number == 1 else 0
    kind, _, count, _, _ = struct.unpack_from(">BHHHB", data, at)
    if kind not in (_LEAF, _INTERIOR) or count > len(data) // (_CELL + 2):
        raise ValueError(f"page {number} is none of a table")
    header = 12 if kind == _INTERIOR else 8
    last = int.from_bytes(data[at + 8 : at + 12]) if kind == _INTERIOR else 0
    cells = struct.unpack_from(f">{count}H", data, at + header)
    if any(not at + header < cell <= len(data) - _CELL for cell in cells):
        raise ValueError(f"page {number} has cells that are not in it")
    return kind, list(cells), last


def _local(size: int, page_size: int) -> int:
    """Return how many bytes of a cell of a table's leaf stand in its page; the rest is in overflow pages."""
    most = page_size - 35
    if size <= most:
        return size
    least = (page_size - 12) * 32 // 255 - 23
    filter_matches = least + (size - least) % (page_size - 4)
    return filter_matches if filter_matches <= most else least


def _values(payload: bytes) -> tuple[Value, ...]:
    length, at = _varint(payload, 0)
    kinds = []
    while at < length:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values, at = [], length
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    return tuple(values)


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in (10, 11):
        raise ValueError("no kind of value")
    size = _INTEGERS.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    raw = payload[at : at + size]
    if len(raw) < size:
        raise ValueError("shorter than it says")
    if kind == 7:
        return float(struct.unpack(">d", raw)[0]), at + size
    if kind < 7:
        return int.from_bytes(raw, signed=True), at + size
    return (raw.decode("utf-8", "surrogateescape") if kind & 1 else raw), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
