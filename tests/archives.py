"""Archives and compressed files, and what is read of them."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterable, Mapping

import pytest
import zstandard

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import ReadContext

COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


DAMAGED = "damaged or truncated"


def tar(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def read(data: bytes, name: str = "folder/file", context: ReadContext = ReadContext()) -> list[Document | Problem]:  # noqa: B008
    stream = io.BytesIO(data)
    return list(choose(name, stream, context).read(stream, name))


def contents(items: Iterable[Document | Problem]) -> dict[str, str]:
    return {item.key: item.text if isinstance(item, Document) else item.reason for item in items}


def refused(data: bytes, name: str = "x") -> tuple[list[str], str]:
    """The keys of what is read before an archive is refused, and why."""
    stream = io.BytesIO(data)
    keys: list[str] = []
    with pytest.raises(Unreadable) as caught:
        keys.extend(item.key for item in choose(name, stream).read(stream, name))
    return keys, str(caught.value)
