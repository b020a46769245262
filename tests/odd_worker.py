"""A worker whose reader misbehaves in the way that the file's name asks for: `Pool(module="odd_worker")`."""

import ctypes
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any, BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.text import plain
from wherein.ingest.workers import parse as parsing
from wherein.ingest.workers import worker

__all__ = ["main"]


def _odd(stream: BinaryIO, name: str) -> Iterator[Document | Problem]:
    kind = PurePath(name).stem.partition("-")[0]
    if kind == "late":
        yield Document("first", "What was read before the crash.", "text/plain", key="first")
        kind = "crash"
    if kind == "hang":
        while True:
            time.sleep(1)
    if kind == "crash":
        ctypes.string_at(0)
    if kind == "exit":
        os._exit(3)
    if kind == "greedy":
        bytearray(8 << 30)
    if kind == "buggy":
        raise KeyError(name)
    if kind == "loud":
        os.write(1, b"noise\n")
        os.write(2, b"noise\n")
    yield Document(name, stream.read().decode(), "text/plain")


ODD = replace(plain.READER, read=_odd)  # under the plain reader's name, so that the record of such a file is up to date


def _choose(name: str, stream: BinaryIO, *others: Any) -> Reader:
    stem = PurePath(name).stem.partition("-")[0]
    if stem == "choosing":
        os._exit(3)
    odd = stem in ("hang", "crash", "exit", "late", "greedy", "buggy", "loud")
    return ODD if odd else choose(name, stream, *others)


def main(descriptor: int, parent: int) -> None:
    parsing.choose = _choose
    worker.main(descriptor, parent)
