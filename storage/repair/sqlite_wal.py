"""SQLite's write-ahead log, read without SQLite: how far it is whole, and whether something committed lies beyond.

SQLite reads the log up to the first frame whose checksum does not fit and passes over the rest without a word. After
a kill that rest is a transaction that was never committed; after damage it may be many that were. The format is that
of https://sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import struct
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["EMPTY_LOG", "Log", "is_in_catalog", "log_of", "read_log"]

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682  # the lowest bit tells the byte order of the checksums
_VERSION = 3_007_000
_TRIES = 3

Sums = tuple[int, int]


@dataclass(frozen=True)
class Log:
    """The committed part of a log: where in the file the newest version of each page is, and the catalogue's pages.

    `lost` counts the commits that lie beyond the first frame that does not fit, and `beyond` are the pages there.
    """

    page_size: int
    places: dict[int, int] = field(default_factory=dict)
    pages: int = 0
    commits: int = 0
    lost: int = 0
    beyond: dict[int, int] = field(default_factory=dict)


EMPTY_LOG = Log(0)


def log_of(catalog: Path) -> Path:
    """Return where the log of a catalogue lies."""
    return catalog.with_name(f"{catalog.name}-wal")


def read_log(path: Path) -> Log:
    """Read a log; an absent one is empty. Beside a writer that begins it anew meanwhile, it is read once more."""
    for _ in range(_TRIES):
        try:
            with path.open("rb") as file:
                head = file.read(_HEADER.size)
                log = _read(file, head)
                file.seek(0)
                if file.read(_HEADER.size) == head:
                    return log
        except FileNotFoundError:
            break
    return EMPTY_LOG


def is_in_catalog(catalog: Path, log: Log) -> bool:
    """Whether the catalogue holds what lies beyond the damage: the log was moved into it, and only not emptied yet.

    Then the log's sound beginning is older than the catalogue, and SQLite would mix the two. More than half of the
    pages must be the same, as some of those beyond are damaged themselves.
    """
    with catalog.open("rb") as file, log_of(catalog).open("rb") as log_file:
        same = 0
        for page, place in log.beyond.items():
            file.seek((page - 1) * log.page_size)
            log_file.seek(place)
            same += file.read(log.page_size) == log_file.read(log.page_size)
    return 2 * same > len(log.beyond)


def _read(file: BinaryIO, head: bytes) -> Log:
    if len(head) < _HEADER.size:
        return EMPTY_LOG
    magic, version, page_size, _, *salts, first, second = _HEADER.unpack(head)
    order = ">u4" if magic & 1 else "<u4"
    sums = _add((0, 0), head[:24], order)
    if magic & ~1 != _MAGIC or version != _VERSION or sums != (first, second) or not 512 <= page_size <= 65_536:
        # Without its header nothing in it can be read; a log of this length was begun with a commit in mind.
        return Log(0, lost=1) if file.read(1) else EMPTY_LOG
    whole, lost, commits, pages, place = True, 0, 0, 0, _HEADER.size
    pending: dict[int, int] = {}
    places: dict[int, int] = {}
    beyond: dict[int, int] = {}
    while len(frame := file.read(_FRAME.size + page_size)) == _FRAME.size + page_size:
        page, size, *frame_salts, first, second = _FRAME.unpack_from(frame)
        sums = _add(_add(sums, frame[:8], order), frame[_FRAME.size :], order)
        whole = whole and frame_salts == salts and sums == (first, second) and page > 0
        if whole:
            pending[page] = place + _FRAME.size
            if size:
                places.update(pending)
                pending.clear()
                commits, pages = commits + 1, size
        elif frame_salts == salts and page > 0:
            beyond[page] = place + _FRAME.size
            lost += size > 0
        place += len(frame)
    return Log(page_size, places, pages, commits, lost, beyond)


def _add(sums: Sums, data: bytes, order: str) -> Sums:
    """Go on with a checksum: for each pair (a, b) of words s += a + t, t += b + s, modulo 2**32.

    That is linear, so that each word counts with a factor that depends only on its place.
    """
    factors = _factors(len(data) // 8)
    words = np.frombuffer(data, order).astype(np.uint32)
    own = (factors.words * words[None, :]).sum(axis=1, dtype=np.uint32)
    before = (factors.sums * np.array(sums, dtype=np.uint32)[None, :]).sum(axis=1, dtype=np.uint32)
    first, second = (own + before).tolist()
    return first, second


@dataclass(frozen=True)
class _Factors:
    """`words` uint32 `[2, 2 pairs]` for the words, `sums` uint32 `[2, 2]` for the checksum so far."""

    words: npt.NDArray[np.uint32]
    sums: npt.NDArray[np.uint32]


@cache
def _factors(pairs: int) -> _Factors:
    words = np.empty((2, 2 * pairs), dtype=np.uint32)
    power = np.eye(2, dtype=np.uint32)
    step = np.array([[1, 1], [1, 2]], dtype=np.uint32)
    for pair in range(pairs - 1, -1, -1):
        words[:, 2 * pair] = power.sum(axis=1, dtype=np.uint32)
        words[:, 2 * pair + 1] = power[:, 1]
        power = power @ step
    return _Factors(words, power)
