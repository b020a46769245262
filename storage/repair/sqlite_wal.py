"""SQLite's write-ahead log: how far it is intact, and how many commits lie beyond.

SQLite reads the log up to the first frame with a wrong checksum and silently ignores the rest. After a kill the rest is
a transaction that was never committed; after damage it may be many that were. The format is described in
https://sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

__all__ = ["EMPTY_LOG", "Log", "is_in_catalog", "log_of", "read_log"]

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682  # plus 1 when the checksums are of big-endian words
_VERSION = 3_007_000
_TRIES = 3

Sums = tuple[int, int]


@dataclass(frozen=True)
class Log:
    """How many commits a log holds: those that SQLite reads, and those `lost` beyond its first damaged frame.

    `beyond` maps each page number in the lost part to the offset of its newest content in the file.
    """

    page_size: int
    commits: int = 0
    lost: int = 0
    beyond: dict[int, int] = field(default_factory=dict)


EMPTY_LOG = Log(0)


def log_of(catalog: Path) -> Path:
    """Return the path of a catalog's log."""
    return catalog.with_name(f"{catalog.name}-wal")


def read_log(path: Path) -> Log:
    """Read a log; a missing one is empty. When a writer restarts it meanwhile, it is read again."""
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
    """Whether the catalog holds the pages beyond the damage: the log was moved into it, but not emptied yet.

    Then the intact beginning of the log is older than the catalog, and SQLite would mix the two. More than half of the
    pages must be equal, since some of those beyond may be damaged themselves.
    """
    with catalog.open("rb") as file, log_of(catalog).open("rb") as log_file:
        same = 0
        for page, offset in log.beyond.items():
            file.seek((page - 1) * log.page_size)
            log_file.seek(offset)
            same += file.read(log.page_size) == log_file.read(log.page_size)
    return 2 * same > len(log.beyond)


def _read(file: BinaryIO, head: bytes) -> Log:
    if len(head) < _HEADER.size:
        return EMPTY_LOG
    magic, version, page_size, _, *salts, first, second = _HEADER.unpack(head)
    order = ">" if magic & 1 else "<"
    sums = _add((0, 0), head[:24], order)
    if magic & ~1 != _MAGIC or version != _VERSION or sums != (first, second) or not 512 <= page_size <= 65_536:
        # Without its header nothing in it can be read, and a log that has any frame was written for a commit.
        return Log(0, lost=1) if file.read(1) else EMPTY_LOG
    intact, commits, lost, offset = True, 0, 0, _HEADER.size
    beyond: dict[int, int] = {}
    while len(frame := file.read(_FRAME.size + page_size)) == _FRAME.size + page_size:
        page, size_after_commit, *frame_salts, first, second = _FRAME.unpack_from(frame)
        current = frame_salts == salts and page > 0  # and not what an earlier, longer log left behind
        if intact:
            # The sums cover the first 8 bytes of a frame's header and the page, and run on from frame to frame: beyond
            # the first wrong one none can be checked.
            sums = _add(_add(sums, frame[:8], order), frame[_FRAME.size :], order)
            intact = current and sums == (first, second)
        if intact:
            commits += size_after_commit > 0  # 0 in all frames of a transaction but its last
        elif current:
            lost += size_after_commit > 0
            beyond[page] = offset + _FRAME.size
        offset += len(frame)
    return Log(page_size, commits, lost, beyond)


def _add(sums: Sums, data: bytes, order: str) -> Sums:
    """Continue SQLite's checksum over `data`, whose 32-bit words are in that byte order."""
    first, second = sums
    for one, two in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
