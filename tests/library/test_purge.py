"""What was purged is nowhere, and does not come back."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from released_libraries import FIXTURES, unpack
from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Library
from wherein.storage.catalog.connection import CATALOG, open_reader, open_writer, writing
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generations import KEYWORDS, list_generations
from wherein.storage.index.segments import list_segments

Open = Callable[[], Library]
SECRET = "The heirloom brooch is buried beneath the seventh poplar behind Aunt Ottilie's orchard."
OLD_SECRET = "The heirloom brooch was first hidden inside the clock of the town hall of Zwettl."
SHARED = "Both notes mention that the ferry to the island leaves at noon on working days."


def bytes_of(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def words_of(library: Path) -> set[str]:
    """Return the words that the files of keywords list, which are compressed there."""
    with closing(open_reader(library)) as db:
        files = [one for one in list_generations(db) if one.kind == KEYWORDS]
        files += [one.content for one in list_segments(db) if one.content.kind == KEYWORDS]
    return {word for one in files for group in load_postings(library, one).words for word in group}


def vector_of(folder: Path, uri_end: str) -> bytes:
    with closing(open_reader(folder)) as db:
        row = db.execute(
            "SELECT v.vector FROM vectors v JOIN chunks c ON c.input_hash = v.input_hash"
            " JOIN documents d ON d.id = c.document_id WHERE d.uri LIKE ?",
            [f"%{uri_end}"],
        ).fetchone()
    return bytes(row[0])


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "secret.txt").write_text(OLD_SECRET)
    (folder / "shared.txt").write_text(SHARED)
    (folder / "copy.txt").write_text(SHARED)
    for n in range(20):
        (folder / f"{n}.txt").write_text(f"Note {n} speaks of {n * 7} barrels of herring on the quay.")
    return folder


def test_no_byte_of_a_purged_document_is_left(docs: Path, open_library: Open, tmp_path: Path) -> None:
    library = tmp_path / "library"
    open_library().ingest([str(docs)])
    old = vector_of(library, "secret.txt")
    counted = [next(iter(terms_of(word))).to_bytes(8, "little")[:4] for word in ("poplar", "Zwettl")]
    assert counted[1] in bytes_of(library)
    (docs / "secret.txt").write_text(SECRET)
    open_library().reindex()
    vector = vector_of(library, "secret.txt")
    before = bytes_of(library)
    assert SECRET.encode() in before
    assert vector in before
    assert old in before
    assert counted[0] in before
    assert "poplar" in words_of(library)
    open_library().remove_documents([str(docs / "secret.txt")], purge=True)
    after = bytes_of(library)
    for trace in (SECRET.encode(), b"poplar", OLD_SECRET.encode(), b"Zwettl", vector, old, *counted):
        assert trace not in after
    assert words_of(library).isdisjoint({"poplar", "zwettl"})
    assert "herring" in words_of(library)
    status = open_library().status()
    assert (status.documents, status.purge_unfinished) == (22, False)
    assert open_library().query("ferry to the island", 2).hits[0].text == SHARED


@pytest.mark.parametrize("word", ["ferries", "leaving", "Islands"])
def test_no_form_of_a_word_of_an_earlier_version_is_left(
    docs: Path, open_library: Open, tmp_path: Path, word: str
) -> None:
    library = tmp_path / "library"
    (docs / "secret.txt").write_text(f"{OLD_SECRET} {word}")
    open_library().ingest([str(docs)])
    open_library().reindex()
    (docs / "secret.txt").write_text(SECRET)
    open_library().reindex()
    assert word.lower() in words_of(library)  # taken over, because others have another form of the word
    open_library().remove_documents([str(docs / "secret.txt")], purge=True)
    assert word.lower() not in words_of(library)
    assert "ferry" in words_of(library)


def test_a_text_that_another_document_shares_is_kept(docs: Path, open_library: Open, tmp_path: Path) -> None:
    open_library().ingest([str(docs)])
    vector = vector_of(tmp_path / "library", "shared.txt")
    open_library().remove_documents([str(docs / "shared.txt")], purge=True)
    assert vector in bytes_of(tmp_path / "library")
    hit = open_library().query("ferry to the island", 1).hits[0]
    assert (hit.text, hit.uri.rpartition("/")[2]) == (SHARED, "copy.txt")


def test_a_purged_file_stays_out_until_it_is_ingested_by_name(docs: Path, open_library: Open) -> None:
    open_library().ingest([str(docs)])
    open_library().remove_documents([str(docs / "secret.txt")], purge=True)
    (docs / "secret.txt").write_text(SECRET)
    summary = open_library().reindex()
    assert (summary.new, summary.skipped) == (0, 1)
    assert open_library().ingest([str(docs)]).skipped == 1
    assert open_library().ingest([str(docs / "secret.txt")]).new == 1
    assert open_library().reindex().skipped == 0


def test_a_purged_record_stays_out_and_the_others_stay(docs: Path, open_library: Open, tmp_path: Path) -> None:
    records = docs / "records.jsonl"
    records.write_text(f'{{"id": "a", "text": "{SECRET}"}}\n{{"id": "b", "text": "The bakery opens at six."}}\n')
    open_library().ingest([str(records)])
    open_library().remove_documents([f"file://{records}#a"], purge=True)
    os.utime(records, ns=(1, 1))
    open_library().reindex()
    assert [d.uri.rpartition("#")[2] for d in open_library().documents()] == ["b"]
    assert SECRET.encode() not in bytes_of(tmp_path / "library")


def test_a_purge_that_a_reader_blocks_is_finished_by_the_next_writer(
    docs: Path, open_library: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.storage.catalog.connect._BUSY_SECONDS", 0.1)
    open_library().ingest([str(docs)])
    reader = sqlite3.connect(tmp_path / "library" / "catalog.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM documents").fetchone()
    with pytest.raises(WhereinError, match="the next command that writes clears it, for instance: wherein reindex"):
        open_library().remove_documents([str(docs / "secret.txt")], purge=True)
    assert open_library().status().purge_unfinished
    assert all("Zwettl" not in hit.text for hit in open_library().query("where was the brooch hidden?", 30).hits)
    reader.close()
    open_library().reindex()
    assert not open_library().status().purge_unfinished
    assert OLD_SECRET.encode() not in bytes_of(tmp_path / "library")


def test_older_backups_are_listed(docs: Path, open_library: Open, tmp_path: Path) -> None:
    open_library().ingest([str(docs)])
    open_library().backup(tmp_path / "backup")
    library = open_library()
    library.remove_documents([str(docs / "secret.txt")], purge=True)
    assert [backup.place for backup in library.backups()] == [str(tmp_path / "backup")]
    open_library().backup(tmp_path / "later.tar.zst")
    assert SECRET.encode() not in bytes_of(tmp_path / "library")


def test_what_an_older_version_purged_stays_away(tmp_path: Path, compiled_cache: Path) -> None:
    fixture = next(path for path in FIXTURES if path.name == "library-schema-7.tar.gz")
    library = Library(unpack(fixture, tmp_path / "library"), cache=compiled_cache)
    assert [(found.uri.rpartition("/")[2], found.kind) for found in library.removed()] == [
        ("notes.jsonl#secret", "purged"),
        ("secret.txt", "purged"),
    ]
    docs = tmp_path / "docs"
    docs.mkdir()
    # The bytes that were read then, under another name.
    records = '{"id": "bread", "text": "The bread needs four hours to rise."}\n'
    (docs / "renamed.jsonl").write_text(records + '{"id": "secret", "text": "The safe opens with 4711."}\n')
    summary = library.ingest([str(docs)])
    assert summary.skipped == 1
    assert {document.uri.partition("#")[2] for document in library.documents() if "jsonl" in document.uri} == {"bread"}
    library.remove_documents([next(library.documents()).uri], purge=True)
    assert library.verify().findings == ()


@pytest.mark.parametrize("way", ["repair", "salvage", "backup", "reader"])
def test_nothing_that_mends_a_library_brings_back_what_stays_away(docs: Path, tmp_path: Path, way: str) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    (docs / "r.jsonl").write_text(f'{{"id": "a", "text": "{SECRET}"}}\n{{"id": "b", "text": "The bakery opens."}}\n')
    library.ingest([str(docs)])
    library.remove_documents([f"file://{docs}/r.jsonl#a", str(docs / "secret.txt")], purge=True)
    library.remove_documents([str(docs / "3.txt")])
    away, names = library.removed(), [document.uri for document in library.documents()]
    with closing(open_writer(library.folder)) as db, writing(db, "test"):
        if way == "repair":
            db.execute("UPDATE documents SET title = 'damaged' WHERE uri LIKE '%#b'")
        if way == "reader":
            db.execute("UPDATE files SET version = 'older'")
    if way == "salvage":
        with (library.folder / CATALOG).open("r+b") as file:
            file.seek(36)  # the number of pages in the free list
            file.write((77).to_bytes(4, "big"))
    if way == "backup":
        library.backup(tmp_path / "copy")
        library.restore(tmp_path / "copy", force=True)
    library.repair()
    (docs / "r.jsonl").rename(docs / "s.jsonl")
    library.reindex()
    renamed = {document.uri.replace("s.jsonl", "r.jsonl") for document in library.documents()}
    assert renamed == set(names)
    assert [(found.uri.replace("s.jsonl", "r.jsonl"), found.kind, found.added_at) for found in library.removed()] == [
        (found.uri, found.kind, found.added_at) for found in away
    ]


def test_a_damaged_exclusion_is_found_and_named(docs: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    library.remove_documents([str(docs / "3.txt"), str(docs / "4.txt")])
    path = library.folder / CATALOG
    data = path.read_bytes()
    assert data.count(b"/3.txtremoved") == 1
    path.write_bytes(data.replace(b"/3.txtremoved", b"/3.txtremoxed"))
    (finding,) = library.verify().findings
    assert "what keeps a document out of the library is not readable" in str(finding)
    repaired = library.repair()
    assert any("if it comes back, remove it again" in sentence for sentence in repaired.lost)
    assert (len(library.removed()), repaired.left) == (1, ())
