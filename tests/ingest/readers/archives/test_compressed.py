"""gzip, bzip2, xz and zstd."""

import lzma
import tracemalloc

import pytest

from archives import COMPRESSORS, DAMAGED, contents, read, refused
from wherein.ingest.document import Document
from wherein.ingest.readers.archives import compressed
from wherein.ingest.readers.heads import compression
from wherein.ingest.readers.reader import ReadContext
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.catalog.fields import Fields


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_a_compressed_file_is_what_is_in_it(kind: str) -> None:
    compress = COMPRESSORS[kind]
    assert read(compress(b"hello"), f"notes.txt.{kind}") == [Document("notes.txt", "hello", "text/plain")]
    assert read(compress(b"hello") + compress(b" twice"), "a") == [Document("a", "hello twice", "text/plain")]
    found = read(compress(b"k,words\n1,one\n2,two\n"), f"a.csv.{kind}", ReadContext(Fields(text="words", id="k")))
    assert contents(found) == {"1": "one", "2": "two"}
    assert contents(read(compress(compress(b"hello")), "a")) == {"": "hello"}
    with pytest.raises(Skipped, match=r"^empty file$"):
        read(compress(b""))
    with pytest.raises(Skipped, match=r"^binary file \(ELF program\)$"):
        read(compress(b"\x7fELF\2\1\0"))
    for data in (compress(b"hello" * 1000)[:-5], compress(b"hello" * 1000)[:16]):
        assert refused(data) == ([], DAMAGED)


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_memory_is_bounded(kind: str) -> None:
    # 300 MB of zeros; what is unpacked waits in a file, and only a piece of it is in memory at a time.
    piece = COMPRESSORS[kind](b"\0" * (10 << 20))
    data = piece * 30
    tracemalloc.start()
    try:
        refused(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_a_file_that_asks_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MEMORY_LIMIT", 1 << 20)
    assert refused(lzma.compress(b"hello")) == ([], "takes more than 1 MB of memory to unpack")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x1f\x8b", None),
        (b"BZh91AY&SY", "bzip2"),
        (b"BZh9 is no archive", None),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_formats_are_known_by_their_first_bytes(head: bytes, expected: str | None) -> None:
    assert compression(head) == expected


def test_zeros_between_streams_of_xz_are_padding() -> None:
    data = lzma.compress(b"one ") + b"\0" * 8 + lzma.compress(b"two") + b"\0" * 4
    assert contents(read(data, "a")) == {"": "one two"}
