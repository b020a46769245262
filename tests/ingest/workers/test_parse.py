"""What a worker sends for a file; whatever the file contains, nothing is raised."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.readers.text import plain
from wherein.ingest.workers import parse
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, End, Items, Job, Opened, Trouble, read
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.reading import Reading

HASH = content_hash("Some text.")
Read = Callable[[BinaryIO, str], Iterator[Document | Problem]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("Some text.")
    return tmp_path / "a.txt"


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Read], None]:
    """Have every file read by a function."""

    def use(function: Read) -> None:
        reader = replace(plain.READER, read=function)
        monkeypatch.setattr(parse, "choose", lambda *_: reader)

    return use


def test_a_file(path: Path) -> None:
    document = Document("a.txt", "Some text.", "text/plain")
    assert list(read(Job(str(path)))) == [Opened(HASH, "plain-9"), Items((document,)), End()]


def test_bytes_need_no_file() -> None:
    opened, items, end = read(Job("b.md", b"# Title"))
    assert opened == Opened(content_hash("# Title"), "markdown-5")
    assert isinstance(items, Items)
    assert end == End()


@pytest.mark.parametrize("data", [None, b"Some text."])
def test_known_content_is_not_read(path: Path, data: bytes | None) -> None:
    assert list(read(Job(str(path), data, known=HASH))) == [Opened(HASH, same=True)]


def test_a_large_file_is_not_read_unless_its_reader_streams(path: Path) -> None:
    reason = "larger than --max-size (0 MB): it is 0 MB"
    assert list(read(Job(str(path), max_size=9))) == [Opened(HASH, "plain-9", trouble=Trouble(LARGE, reason))]
    assert len(list(read(Job(str(path), max_size=10)))) == 3
    opened, *_, end = read(Job("a.jsonl", b'{"id": "1", "text": "One."}\n', max_size=1))
    assert isinstance(opened, Opened)
    assert not opened.last
    assert end == End()


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for name, reason in (("none.txt", "no such file or directory"), ("", "is a directory")):
        (opened,) = read(Job(str(tmp_path / name)))
        assert opened == Opened(trouble=Trouble(REFUSED, f"cannot be read: {reason}"))


def test_a_file_with_nothing_to_read(path: Path) -> None:
    path.write_bytes(b"\x7fELF\2\1\0")
    (opened,) = read(Job(str(path)))
    assert isinstance(opened, Opened)
    assert opened.trouble == Trouble(SKIPPED, "binary file (ELF program)")


def test_the_fields_of_the_source_reach_the_reader() -> None:
    opened, items, _ = read(Job("a.csv", b"k,words\n1,one\n", Reading(Fields("words", "k"))))
    assert isinstance(opened, Opened)
    assert "words" in opened.label
    assert isinstance(items, Items)
    assert [(item.key, item.text) for item in items.items if isinstance(item, Document)] == [("1", "one")]


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (Unreadable("damaged"), FAILED, "damaged"),
        (Skipped("no text"), SKIPPED, "no text"),
        (MemoryError(), FAILED, "needs more than 2 GB of memory to read"),
        (OSError(5, "Input/output error"), FAILED, "cannot be read: input/output error"),
        (KeyError("x"), FAILED, "the reader failed with an internal error (KeyError)"),
        (RecursionError(), FAILED, "the reader failed with an internal error (RecursionError)"),
    ],
)
def test_what_comes_before_an_error_is_sent(
    path: Path, reading: Callable[[Read], None], error: Exception, kind: str, reason: str
) -> None:
    document = Document("", "Before.", "text/plain", "1")

    def fail(*_: Any) -> Iterator[Document]:
        yield document
        raise error

    reading(fail)
    assert list(read(Job(str(path))))[1:] == [Items((document,)), End(Trouble(kind, reason))]


def test_documents_are_sent_in_parcels(path: Path, reading: Callable[[Read], None]) -> None:
    small = [Document("", "x", "text/plain", str(number)) for number in range(130)]
    large = [Document("", "x" * 200_000, "text/plain", str(number)) for number in range(3)]
    for documents, sizes in ((small, [64, 64, 2]), (large, [2, 1]), (small[:64], [64])):
        reading(lambda *_, documents=documents: iter(documents))
        _, *parcels, end = read(Job(str(path)))
        assert [len(parcel.items) for parcel in parcels if isinstance(parcel, Items)] == sizes
        assert [item for parcel in parcels if isinstance(parcel, Items) for item in parcel.items] == documents
        assert end == End()


def test_a_file_that_changes_while_it_is_read(path: Path, reading: Callable[[Read], None]) -> None:
    def change(stream: BinaryIO, _: str) -> Iterator[Document]:
        yield Document("", stream.read().decode(), "text/plain")
        path.write_text("Other text.")

    reading(change)
    reason = "it changed while it was being read; the next run will ingest it"
    assert list(read(Job(str(path))))[-1] == End(Trouble(FAILED, reason))
    assert list(read(Job(str(path), b"bytes that cannot change")))[-1] == End()


def test_a_name_that_cannot_be_decoded(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff.txt"
    with open(raw, "wb") as file:  # noqa: PTH123
        file.write(b"Some text.")
    opened, *_ = read(Job(os.fsdecode(raw)))
    assert opened == Opened(HASH, "plain-9")


def test_what_is_the_last_message() -> None:
    assert Opened(HASH, same=True).last
    assert Opened(trouble=Trouble(REFUSED, "why")).last
    assert not Opened(HASH, "plain-9").last


GOOD = Document("good", "Some text.", "text/plain", key="good")


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (replace(GOOD, text="half a pair \ud800"), "UnicodeEncodeError"),
        (replace(GOOD, title="\udcff"), "UnicodeEncodeError"),
        (replace(GOOD, key="\udcff"), "UnicodeEncodeError"),
        (replace(GOOD, metadata={"tag": "\udcff"}), "UnicodeEncodeError"),
        (replace(GOOD, metadata={"tag": {1, 2}}), "TypeError"),  # type: ignore[dict-item]
        (replace(GOOD, marks=(Mark(0, 2**63),)), "ValueError"),
        (replace(GOOD, marks=(Mark(0, 1, ("\ud800",)),)), "UnicodeEncodeError"),
        (Problem("\udcff", "bad line"), "UnicodeEncodeError"),
    ],
)
def test_what_cannot_be_stored_costs_its_file_only(
    path: Path, reading: Callable[[Read], None], item: Document | Problem, error: str
) -> None:
    reading(lambda *_: iter([GOOD, item]))
    _, items, end = read(Job(str(path)))
    assert items == Items((GOOD,))
    assert end == End(Trouble(FAILED, f"the reader failed with an internal error ({error})"))


@pytest.mark.parametrize("number", [2**63, 2**64, -(10**30)])
def test_metadata_may_hold_numbers_of_any_size(path: Path, reading: Callable[[Read], None], number: int) -> None:
    document = replace(GOOD, metadata={"number": number}, marks=(Mark(0, 2**63 - 1),))
    reading(lambda *_: iter([document]))
    assert list(read(Job(str(path))))[1:] == [Items((document,)), End()]
