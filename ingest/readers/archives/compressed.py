"""gzip, bzip2, xz and zstd: the unpacked file is read by the reader for its content, a tar archive by member."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

import zstandard

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.archives.inner_name import inner_name
from wherein.ingest.readers.archives.tar_archive import read_members
from wherein.ingest.readers.heads import BZIP2, GZIP, XZ, ZSTD, compression, is_tar
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, Reader
from wherein.ingest.readers.shared.members import allowance_for, check_depth, metered, read_content
from wherein.ingest.readers.shared.reasons import DAMAGED

__all__ = ["READER", "read"]

_STEP = 1 << 16
# Four bytes may hold a block of 128 KB, and everything that the input holds is returned at once (RFC 8878, 3.1.1.2).
_ZSTD_STEP = 512
MEMORY_LIMIT = 256 << 20
"""Bytes of memory that xz may take."""

_WINDOW_LIMIT = 128 << 20  # zstd's own default for decompression
_BLOCK = 512
_BROKEN = (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError, OSError, ValueError)


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the documents in the file; see `Reader` for the errors."""
    check_depth(context)
    allowance = allowance_for(stream, context)
    pieces = metered(_unpack(stream), allowance)
    head = b""
    while len(head) < _BLOCK and (piece := next(pieces, b"")):  # a piece may be shorter than a header of tar
        head += piece
    whole = chain((head,), pieces)
    if is_tar(head):
        yield from read_members(whole, context, allowance)
    else:
        yield from read_content(inner_name(name), whole, replace(context, depth=context.depth + 1, allowance=allowance))


def _unpack(stream: BinaryIO) -> Iterator[bytes]:
    head = stream.read(16)
    stream.seek(0)
    kind = compression(head)
    if kind is None:
        raise Unreadable(DAMAGED)
    try:
        yield from _UNPACKERS[kind](stream)
    except _BROKEN as error:
        if "memory usage limit" in str(error).lower():
            raise Unreadable(f"takes more than {MEMORY_LIMIT >> 20} MB of memory to unpack") from error
        raise Unreadable(DAMAGED) from error


def _unpack_gzip(stream: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as file:
        while piece := file.read(_STEP):
            yield piece


def _unpack_bzip2(stream: BinaryIO) -> Iterator[bytes]:
    with bz2.BZ2File(stream) as file:
        while piece := file.read(_STEP):
            yield piece


def _unpack_xz(stream: BinaryIO) -> Iterator[bytes]:
    """Unpack consecutive streams. LZMAFile is not used because it sets no limit on memory."""
    data = stream.read(_STEP)
    while data.strip(b"\0"):  # zeros may pad the end of a stream
        data = data.lstrip(b"\0")
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)
        while not unpacker.eof:
            if unpacker.needs_input and not data:
                raise EOFError
            if piece := unpacker.decompress(data, _STEP):
                yield piece
            data = stream.read(_STEP) if unpacker.needs_input else b""
        data = unpacker.unused_data or data or stream.read(_STEP)


def _unpack_zstd(stream: BinaryIO) -> Iterator[bytes]:
    """Unpack consecutive frames. zstandard's `stream_reader` is not used because it accepts a truncated frame."""
    data = stream.read(_ZSTD_STEP)
    while data:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT).decompressobj()
        while not unpacker.eof:
            if not data:
                raise EOFError
            if piece := unpacker.decompress(data):
                yield piece
            data = b"" if unpacker.eof else stream.read(_ZSTD_STEP)
        data = unpacker.unused_data or stream.read(_ZSTD_STEP)


_UNPACKERS = {GZIP: _unpack_gzip, BZIP2: _unpack_bzip2, XZ: _unpack_xz, ZSTD: _unpack_zstd}
READER = Reader("compressed", 3, "", read, read, streaming=True, reads_pictures=True)
