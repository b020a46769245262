"""Listing, finding and removing documents."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from invariants import checked_state
from toy import ToyEncoder
from wherein.errors import LibraryBusy, UsageError, WhereinError
from wherein.ingest.uri import file_uri
from wherein.library import documents as module
from wherein.library.documents import each_document, named_document, remove_documents
from wherein.library.ingesting import RunFactory
from wherein.library.readers import CatalogReader
from wherein.storage.disk.lock import writer_lock


@pytest.fixture
def reader(runs: RunFactory) -> Iterator[CatalogReader]:
    with closing(CatalogReader(runs.folder)) as reader:
        yield reader


def names(runs: RunFactory) -> set[str]:
    return {uri.rpartition("/")[2] for uri in checked_state(runs.folder, ToyEncoder())}


def test_every_document_is_listed_once_in_the_order_of_its_uri(
    reader: CatalogReader, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sorted(file_uri(str(path)) for path in docs.iterdir())
    assert [document.uri for document in each_document(reader)] == expected
    pages = list_in_pages_of(5, monkeypatch)
    assert [document.uri for document in each_document(reader)] == expected
    assert pages == [5, 5, 2, 0]


def list_in_pages_of(size: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a page hold `size` documents; return the sizes of the pages as they are read."""
    pages, list_documents = list[int](), module.list_documents

    def list_page(db: object, after: str) -> list[object]:
        page = list[object](list_documents(db, after, size))  # type: ignore[arg-type]
        pages.append(len(page))
        return page

    monkeypatch.setattr(module, "list_documents", list_page)
    return pages


def test_no_transaction_is_open_while_the_caller_looks_at_a_document(reader: CatalogReader) -> None:
    for _ in each_document(reader):
        with reader.connection() as db:  # the only one that was opened
            assert not db.in_transaction


def test_a_document_is_named_by_its_uri_its_path_or_its_number(
    reader: CatalogReader, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docs)
    monkeypatch.setenv("HOME", str(docs))
    path = docs / "7.txt"
    with reader.snapshot() as db:
        wanted = named_document(db, file_uri(str(path)))
        for name in (str(path), "7.txt", "../docs/7.txt", "~/7.txt", str(wanted.id)):
            assert named_document(db, name) == wanted
        for name in ("nothing", "", "99", "7"):
            if name != "7":
                with pytest.raises(UsageError, match=rf"^There is no document {name}; see: wherein documents list$"):
                    named_document(db, name)


def test_removed_documents_are_returned_and_gone(runs: RunFactory, docs: Path) -> None:
    removed = remove_documents(runs.folder, [str(docs / "3.txt"), str(docs / "5.txt")])
    assert [document.uri for document in removed] == [file_uri(str(docs / f"{number}.txt")) for number in (3, 5)]
    assert names(runs) == {f"{number}.txt" for number in range(12)} - {"3.txt", "5.txt"}
    assert (docs / "3.txt").exists()


def test_a_wrong_name_among_right_ones_removes_nothing(runs: RunFactory, docs: Path) -> None:
    for purge in (False, True):
        with pytest.raises(UsageError, match="There is no document nothing"):
            remove_documents(runs.folder, [str(docs / "3.txt"), "nothing"], purge=purge)
    assert len(names(runs)) == 12


def test_purged_documents_leave_no_byte(runs: RunFactory, docs: Path) -> None:
    secret = (docs / "11.txt").read_bytes()
    assert secret in (runs.folder / "catalog.db").read_bytes()
    remove_documents(runs.folder, [str(docs / "11.txt")], purge=True)
    assert not any(secret in path.read_bytes() for path in runs.folder.rglob("*") if path.is_file())
    assert len(names(runs)) == 11


def test_nothing_is_removed_without_a_library_or_while_another_process_writes(runs: RunFactory, tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match=r"^There is no library at "):
        remove_documents(tmp_path / "nowhere", ["1"])
    assert not (tmp_path / "nowhere").exists()
    with writer_lock(runs.folder), pytest.raises(LibraryBusy):
        remove_documents(runs.folder, ["1"])
    assert len(names(runs)) == 12
