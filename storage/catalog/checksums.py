"""Hashes that identify content and checksums that reveal damage."""

import hashlib
import zlib
from typing import BinaryIO

__all__ = ["content_hash", "is_named", "row_checksum", "stream_hash", "vector_checksum"]

_BLOCK = 1 << 20


def content_hash(data: bytes | str) -> bytes:
    """Return 16 bytes that identify `data`: BLAKE2b-128 of the bytes, or of the text's UTF-8.

    For a document's text it is also the checksum that is verified before the text is shown.
    """
    raw = data.encode("utf-8") if isinstance(data, str) else data
    return hashlib.blake2b(raw, digest_size=16).digest()


def stream_hash(stream: BinaryIO) -> bytes:
    """Return the `content_hash` of the rest of a stream."""
    digest = hashlib.blake2b(digest_size=16)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.digest()


def is_named(text: object, name: object) -> bool:
    """Whether `text` is a text, and `name` its content hash."""
    try:
        return isinstance(text, str) and content_hash(text) == name
    except UnicodeEncodeError:  # a lone surrogate, which stands for invalid UTF-8 (storage/catalog/connection.py)
        return False


def vector_checksum(input_hash: bytes, vector: bytes) -> int:
    """Return the CRC-32 of a stored vector's bytes, seeded with the hash of its model input."""
    return zlib.crc32(vector, zlib.crc32(input_hash))  # a sound vector in the row of another input does not fit


def row_checksum(*values: object) -> int:
    """Return the CRC-32 of a row's values (text, integers, bytes, None), in their order."""
    # `repr` tells 1 from '1' and a text from a blob. Damaged text may hold lone surrogates.
    return zlib.crc32(repr(values).encode("utf-8", "surrogatepass"))
