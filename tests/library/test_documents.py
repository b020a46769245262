"""Listing, finding and removing documents."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from invariants import checked_state
from toy import ToyEncoder
from wherein.errors import LibraryBusy, UsageError, WhereinError
from wherein.library import Library, parse_filter
from wherein.library import documents as module
from wherein.library.documents import each_document, named_document, remove_documents
from wherein.library.ingesting import RunFactory
from wherein.library.readers import CatalogReader
from wherein.storage.disk.lock import writer_lock
from wherein.uri import display_uri, file_uri


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

    def list_page(db: object, after: str, limit: int) -> list[object]:
        page = list[object](list_documents(db, after, limit))  # type: ignore[arg-type]
        pages.append(len(page))
        return page

    monkeypatch.setattr(module, "_PAGE", size)
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


# Names as they are listed, and as people write them.


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of files with odd names, of records and of a text from standard input; the current folder has them."""
    folder = Path(os.path.realpath(tmp_path)) / "odd"
    folder.mkdir()
    for name in ODD:
        (folder / name).write_text(f"The file {name!a}.")
    (folder / "r.jsonl").write_text('{"id": "a", "text": "One."}\n{"id": "b c/d#e%20", "text": "Two."}\n')
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(folder)])
    library.ingest_stream("\udcff\n#1 %41", b"A text.")
    monkeypatch.chdir(folder)
    return library


ODD = [
    "a.txt", "a b%20.txt", "[1] what?.md", "r.jsonl#x", "gro\u0308ssen.md", "\u00fc.txt", "caf\udce9", "one\ntwo",
    "~x", "\\n",
]  # fmt: skip


def test_every_document_is_found_as_it_is_listed(odd: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path / "odd", tmp_path, Path("/")):
        monkeypatch.chdir(folder)
        documents = list(odd.documents())
        assert len(documents) == len(ODD) + 3
        for document in documents:
            for name in (display_uri(document.uri), document.uri, str(document.id)):
                assert odd.document(name)[0] == document
                assert odd.coverage(name) is not None


def test_every_listed_name_is_a_pattern(odd: Library) -> None:
    for document in odd.documents():
        only = parse_filter([display_uri(document.uri)])
        hits = odd.query("the file", 30, mode="semantic", only=only).hits
        assert [hit.uri for hit in hits] == [document.uri]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("gr\u00f6ssen.md", "/gro%CC%88ssen.md"),
        ("u\u0308.txt", "/%C3%BC.txt"),
        ("./u\u0308.txt", "/%C3%BC.txt"),
        ("r.jsonl#a", "/r.jsonl#a"),
        ("../odd/./r.jsonl#b c/d#e%20", "/r.jsonl#b%20c/d%23e%2520"),
        ("link/r.jsonl#a", "/r.jsonl#a"),
        ("caf\\xe9", "/caf%E9"),
        ("stdin:\udcff\n#1 %41", "stdin:%FF%0A%231 %2541"),
    ],
)
def test_a_name_is_understood_in_any_form(odd: Library, name: str, end: str) -> None:
    Path("link").symlink_to(".")
    document, _, _ = odd.document(name)
    assert document.uri.endswith(end)
    assert odd.add_golden(f"who {name!a}?", name).uri == document.uri
    assert odd.remove_documents([name]) == [document]
    with pytest.raises(UsageError, match=r"^There is no document "):
        odd.document(name)


def test_a_name_of_two_documents_is_refused(odd: Library) -> None:
    Path("7").write_text("Seven.")
    Path("\\n").unlink()
    Path("\n").write_text("A newline.")
    odd.ingest([str(Path.cwd())])
    # The number of one document and the path of another; a backslash and an n, or a newline.
    for name, also in (("7", "./7"), ("\\n", "\n")):
        with pytest.raises(UsageError, match=r"names 2 documents; choose one by its URI: file:///.* or "):
            odd.remove_documents([name])
        assert odd.document(also)[0].uri == file_uri(str(Path.cwd() / also))


def test_an_error_shows_a_name_on_one_printable_line(odd: Library) -> None:
    for name, shown in (("no\udcff", "no\\xff"), ("\ud800", "\\ud800"), ("x\n", "x\\n")):
        with pytest.raises(UsageError) as error:
            odd.document(name)
        assert str(error.value) == f"There is no document {shown}; see: wherein documents list"
