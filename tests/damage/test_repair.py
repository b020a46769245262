"""Each kind of damage once: it is found and named, repaired or quarantined, and then the answers are right again."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeGuard

import pytest

from fork_server import run_command
from invariants import Kept, checked_state
from mortal import finish, start
from sqlite_file import leaf_pages
from toy import ToyEncoder
from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.embed.runtime import damaged_blobs
from wherein.errors import Damaged, LibraryBusy
from wherein.ingest import commit
from wherein.library import Answer, Library, RunProblem
from wherein.library.maintenance import check_compiled
from wherein.storage.catalog.connection import open_reader, open_writer, writing
from wherein.storage.catalog.models import bound_model
from wherein.storage.disk.lock import writer_lock

QUESTIONS = ("barrels of herring", "where does the ferry leave?", "lot 7.2 of salt", "the spare key")
PAGE = 4096
Harm = Callable[[Path], None]


def text(number: int) -> str:
    return "\n\n".join(f"Lot {number}.{m} has {number * m} barrels of herring and {m} of salt." for m in range(12))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with an index, a delta, records, a text from standard input, deleted rows and free pages."""
    scene = tmp_path_factory.mktemp("scene")
    docs, folder = scene / "docs", scene / "library"
    docs.mkdir()
    for number in range(20):
        (docs / f"{number}.txt").write_text(text(number))
    records = ({"id": f"r{n}", "text": f"Record {n}: the ferry leaves at {n} past noon."} for n in range(8))
    (docs / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    library(folder).ingest([str(docs)])
    library(folder).ingest_stream("memo", b"The spare key hangs behind the blue door.")
    library(folder).remove_documents([str(docs / f"{number}.txt") for number in (17, 18, 19)])
    for number in (17, 18, 19):
        (docs / f"{number}.txt").unlink()
    library(folder).reindex()
    (docs / "delta.txt").write_text("The delta is full of eels.\n\n" + text(40))
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    library(folder).ingest([str(docs)])
    return scene


@pytest.fixture
def folder(scene: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scene / "library", tmp_path / "library"))


def library(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())


def answers(folder: Path) -> list[Answer]:
    opened = library(folder)
    return [opened.query(question, 8, mode="semantic") for question in QUESTIONS]


def scores(folder: Path) -> list[list[float]]:
    return [[hit.score for hit in answer.hits] for answer in answers(folder)]


def passages(folder: Path) -> set[tuple[str, int, int, str]]:
    opened = library(folder)
    return {(h.uri, h.start, h.end, h.text) for question in QUESTIONS for h in opened.query(question, 1000).hits}


def query(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "catalog.db")) as db:
        return db.execute(statement).fetchall()


def names(folder: Path) -> dict[str, dict[object, object]]:
    """What each id stands for; the same for good, since ids are never given twice."""
    return {
        "documents": dict(query(folder, "SELECT id, uri FROM documents")),
        "vectors": dict(query(folder, "SELECT id, input_hash FROM vectors")),
    }


def sql(*statements: str) -> Harm:
    """Harm rows as no version of ours would, past every check of the database."""

    def harm(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
            for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "writable_schema=ON"):
                db.execute(f"PRAGMA {pragma}")
            for statement in statements:
                assert db.execute(statement).rowcount != 0, statement
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return harm


def index_file(folder: Path) -> Path:
    return folder / "generations" / str(query(folder, "SELECT file FROM generations WHERE active = 1")[0][0])


def edited(change: Callable[[bytearray], None]) -> Harm:
    def harm(folder: Path) -> None:
        path = index_file(folder)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    return harm


def flip(place: int) -> Harm:
    def change(data: bytearray) -> None:
        data[place] ^= 64

    return edited(change)


def cut(data: bytearray) -> None:
    del data[len(data) // 2 :]


def swap_ids(data: bytearray) -> None:
    data[-16:-8], data[-8:] = data[-8:], data[-16:-8]


def bad_index_entry(folder: Path) -> None:
    """A row that one of SQLite's indexes does not know: it was hidden from SQLite while the row was changed."""
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema=ON")
        hidden = db.execute("SELECT * FROM sqlite_master WHERE name = 'files_by_content'").fetchone()
        db.execute("DELETE FROM sqlite_master WHERE name = 'files_by_content'")
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
        db.execute("UPDATE files SET content_hash = x'00' WHERE id = 3")
        db.execute("PRAGMA writable_schema=ON")
        db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", hidden)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


FIRST_TEXT = "WHERE uri LIKE '%/3.txt'"
FIRST_ID = f"(SELECT id FROM documents {FIRST_TEXT})"
RECORD = "WHERE uri LIKE '%#r3'"
IN_DELTA = "(SELECT max(id) FROM vectors)"
MENDED = {
    # what is done, part and words of what is found
    "text": (sql(f"UPDATE texts SET text = replace(text, 'Lot 3.4', 'Lot 3.5') WHERE document_id = {FIRST_ID}"),
             "documents", "text"),
    "line of a text": (sql(f"UPDATE texts SET lines = lines + 1 WHERE document_id = {FIRST_ID}"), "texts", "lines"),
    "checksum of a text": (sql(f"UPDATE texts SET checksum = 1 WHERE document_id = {FIRST_ID}"), "texts", "lengths"),
    "length of a text": (sql(f"UPDATE documents SET characters = 1 {FIRST_TEXT}"), "texts", "lengths"),
    "lost text": (sql(f"DELETE FROM texts WHERE document_id = {FIRST_ID}"), "documents", "text"),
    "text of a lost document": (sql("UPDATE texts SET document_id = 999 WHERE id = 3"), "documents", "text"),
    "declaration": (sql("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'documents'"),
                    "catalog", "declaration of documents"),
    "title": (sql(f"UPDATE documents SET title = 'Other' {FIRST_TEXT}"), "documents", "record does not fit"),
    "record's metadata": (sql(f"UPDATE documents SET metadata = '{{}} ' {RECORD}"), "documents", "record does not fit"),
    "heading": (sql("UPDATE chunks SET heading = '[\"x\"]' WHERE id = 20"), "chunks", "does not fit its checksum"),
    "span": (sql("UPDATE chunks SET start = start + 1 WHERE id = 20"), "chunks", "does not fit its checksum"),
    "lost passage": (sql("DELETE FROM chunks WHERE id = 20"), "documents", "passages are missing"),
    "lost passage of a record": (sql(f"DELETE FROM chunks WHERE document_id = (SELECT id FROM documents {RECORD})"),
                                 "documents", "passages are missing"),
    "lost vector": (sql("DELETE FROM vectors WHERE id = 20"), "documents", "1 of its passages have no vector"),
    "vector in the index": (sql("UPDATE vectors SET vector = zeroblob(64) WHERE id = 20"), "vectors", "checksum"),
    "vector in the delta": (sql(f"UPDATE vectors SET vector = zeroblob(64) WHERE id = {IN_DELTA}"), "vectors", "check"),
    "vector's checksum": (sql("UPDATE vectors SET checksum = 1 WHERE id = 20"), "vectors", "checksum"),
    "vector's length": (sql("UPDATE vectors SET vector = x'00' WHERE id = 20"), "vectors", "checksum"),
    "missing index": (lambda folder: index_file(folder).unlink(), "index", "No such file"),
    "short index": (edited(cut), "index", "bytes instead of"),
    "index's magic": (flip(0), "index", "header"),
    "index's dimension": (flip(4), "index", "header"),
    "index's count": (flip(8), "index", "header"),
    "index's vectors": (flip(300), "index", "SHA-256"),
    "index's ids": (edited(swap_ids), "index", "last id"),
    "name of the index": (sql("UPDATE generations SET file = '../x' WHERE active = 1"), "generations", "readable"),
    "number in the index": (sql("UPDATE generations SET highest_vector_id = 5 WHERE active = 1"),
                            "generations", "readable"),
    "sum of the index": (sql("UPDATE generations SET sha256 = '0' WHERE active = 1"), "generations", "readable"),
    "active index": (sql("UPDATE generations SET active = 0"), "index", "none of the indexes is active"),
    "model unknown": (sql("DELETE FROM settings WHERE key = 'model'"), "models", "which model"),
    "model lost": (sql("DELETE FROM models"), "models", "which model"),
    "model changed": (sql("UPDATE models SET fingerprint = 'x'"), "models", "differ"),
    "model's copy": (sql("UPDATE settings SET value = '[' WHERE key = 'model copy'"), "models", "differ"),
    "file's name": (sql("UPDATE files SET uri = uri || 'x' WHERE id = 3"), "files", "another name"),
    "counter": (sql("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'vectors'"), "sqlite_sequence", "twice"),
    "lost file": (sql("DELETE FROM files WHERE id = 3"), "documents", "row of files"),
    "lost source": (sql("UPDATE file_sources SET source_id = 99 WHERE file_id = 3"), "file_sources", "row of sources"),
    "lost document": (sql(f"DELETE FROM documents {FIRST_TEXT}"), "chunks", "row of documents"),
    "SQLite's index": (bad_index_entry, "catalog", "missing from index files_by_content"),
    "kind of a value": (sql("UPDATE files SET state = 'x' WHERE id = 3"), "files", "not readable"),
}  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """What the library of the scene answers and holds before it is damaged."""

    scores: list[list[float]]
    passages: set[tuple[str, int, int, str]]
    names: dict[str, dict[object, object]]
    state: dict[str, Kept]


@pytest.fixture(scope="module")
def sound(scene: Path) -> Sound:
    folder = scene / "library"
    return Sound(scores(folder), passages(folder), names(folder), checked_state(folder, ToyEncoder()))


@pytest.mark.parametrize("name", MENDED)
def test_found_mended_and_right_again(scene: Path, folder: Path, sound: Sound, name: str) -> None:
    harm, part, words = MENDED[name]
    harm(folder)
    found = library(folder).verify()
    assert found.damaged
    assert any(f.part == part and words in f.what for f in found.findings if not f.harmless), found.findings
    assert all("wherein re" in f.remedy for f in found.findings if not f.harmless and f.part != "model")
    done = library(folder).repair()
    assert done.left == ()
    assert done.mended
    assert done.lost == ()
    assert not library(folder).verify().damaged
    assert passages(folder) <= sound.passages
    library(folder).reindex()
    deep = library(folder).verify(deep=True)
    assert not deep.damaged
    assert not any(f.part == "documents" for f in deep.findings)
    assert scores(folder) == sound.scores
    after = checked_state(folder, ToyEncoder())
    assert {uri: kept.text for uri, kept in after.items()} == {uri: kept.text for uri, kept in sound.state.items()}
    assert_ids_are_not_given_twice(sound.names, names(folder))


def assert_ids_are_not_given_twice(
    known: dict[str, dict[object, object]], now: dict[str, dict[object, object]]
) -> None:
    for table, ids in now.items():
        highest = max(known[table])  # type: ignore[type-var]
        for number, what in ids.items():
            assert known[table].get(number) == what or number > highest  # type: ignore[operator]


def test_a_damaged_vector_is_computed_again_by_the_next_reindex(folder: Path) -> None:
    before = query(folder, "SELECT input_hash, vector FROM vectors ORDER BY input_hash")
    sql("UPDATE vectors SET vector = zeroblob(64) WHERE id IN (20, 30)")(folder)
    with pytest.raises(Damaged, match="wherein"):
        passages(folder)
    first, *gaps = library(folder).repair().mended
    assert first == "2 damaged vectors: 0 were restored from the index, 2 removed"
    assert len(gaps) == 2
    library(folder).reindex()
    assert query(folder, "SELECT input_hash, vector FROM vectors ORDER BY input_hash") == before


def test_a_question_to_a_damaged_index_names_the_repair(folder: Path) -> None:
    edited(cut)(folder)
    with pytest.raises(Damaged, match="run: wherein repair") as caught:
        answers(folder)
    assert caught.value.exit_code == 5
    old = index_file(folder).name
    done = library(folder).repair()
    assert (Path(done.aside) / old).exists()
    assert index_file(folder).name > old


def test_reindex_puts_a_damaged_index_aside_and_says_so(folder: Path) -> None:
    right = scores(folder)
    old = index_file(folder)
    flip(300)(folder)
    harmed = old.read_bytes()
    told: list[RunProblem] = []
    summary = library(folder).reindex(report=lambda e: told.append(e) if is_problem(e) else None)
    assert summary.failed == 1
    assert "SHA-256" in told[0].reason
    (aside,) = library(folder).damaged_copies()
    assert (aside / old.name).read_bytes() == harmed
    assert scores(folder) == right
    assert not library(folder).verify(deep=True).damaged


# What cannot be brought back is named.


def test_a_damaged_text_from_standard_input_is_lost_but_for_the_copy(folder: Path) -> None:
    memo = "(SELECT id FROM documents WHERE uri = 'stdin:memo')"
    sql(f"UPDATE texts SET text = text || 'x' WHERE document_id = {memo}")(folder)
    done = library(folder).repair()
    assert done.left == ()
    assert [sentence.partition(":")[0] + ":memo" for sentence in done.lost] == ["stdin:memo"]
    rows = [json.loads(line) for line in (Path(done.aside) / "rows.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows if row["table"] == "texts"] == ["The spare key hangs behind the blue door.x"]
    assert not library(folder).verify().damaged


def test_what_is_told_of_a_name_that_is_no_text_can_be_written(folder: Path) -> None:
    sql(f"UPDATE documents SET uri = CAST(x'66e9' AS TEXT) {FIRST_TEXT}")(folder)
    for pages in (lambda: list(library(folder).documents()), lambda: passages(folder)):
        with pytest.raises(Damaged, match="wherein verify"):
            pages()
    found = library(folder).verify()
    assert "documents" in {f.part for f in found.findings}
    done = library(folder).repair()
    assert done.left == ()
    for told in (*(f.place for f in found.findings), *done.mended, *done.lost):
        told.encode("utf-8")
    assert "f\\udce9" in "".join(done.mended)
    library(folder).reindex()
    assert not library(folder).verify(deep=True).damaged


def test_a_damaged_document_whose_file_is_gone_is_lost(scene: Path, tmp_path: Path) -> None:
    docs, folder = Path(shutil.copytree(scene / "docs", tmp_path / "docs")), tmp_path / "library"
    library(folder).ingest([str(docs)])
    (docs / "3.txt").unlink()
    sql(f"UPDATE texts SET text = '' WHERE document_id = {FIRST_ID}")(folder)
    done = library(folder).repair()
    assert len(done.lost) == 1
    assert done.lost[0].startswith(f"file://{docs}/3.txt: its file is gone")


def test_a_text_from_standard_input_is_cut_anew_when_its_passages_are_lost(folder: Path) -> None:
    sql("UPDATE chunks SET ordinal = 7 WHERE document_id = (SELECT id FROM documents WHERE uri = 'stdin:memo')")(folder)
    done = library(folder).repair()
    assert (done.lost, done.left) == ((), ())
    noted = [f for f in library(folder).verify().findings if f.part == "documents"]
    assert [(f.place, f.harmless) for f in noted] == [("stdin:memo", True)]
    library(folder).reindex()
    assert "spare key" in library(folder).query("the spare key", 1).hits[0].text
    assert not any(f.part == "documents" for f in library(folder).verify().findings)


def test_a_damaged_source_is_named(scene: Path, folder: Path) -> None:
    sql("UPDATE sources SET options = '{' WHERE kind = 'path'")(folder)
    with pytest.raises(Damaged, match="options"):
        library(folder).reindex()
    done = library(folder).repair()
    assert done.left == ()
    assert str(scene / "docs") in done.lost[0]
    library(folder).ingest([str(scene / "docs")])
    checked_state(folder, ToyEncoder())


# Damaged pages.


def overwrite(path: Path, page: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(data)


def root(folder: Path, table: str) -> int:
    return int(str(query(folder, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")[0][0]))


def leaves(folder: Path, table: str) -> list[int]:
    return leaf_pages(folder / "catalog.db", table)


def zero_leaf(table: str) -> Harm:
    return lambda folder: overwrite(folder / "catalog.db", leaves(folder, table)[1], bytes(PAGE))


def zero_root(table: str) -> Harm:
    return lambda folder: overwrite(folder / "catalog.db", root(folder, table), bytes(PAGE))


def first_page(folder: Path) -> None:
    overwrite(folder / "catalog.db", 1, b"\xa5" * PAGE)


def header(folder: Path) -> None:
    overwrite(folder / "catalog.db", 1, b"SQLite format 4\0\0\0")


def swapped(folder: Path) -> None:
    path = folder / "catalog.db"
    (one, two), data = (leaves(folder, "vectors")[1], leaves(folder, "chunks")[1]), path.read_bytes()
    overwrite(path, one, data[(two - 1) * PAGE : two * PAGE])
    overwrite(path, two, data[(one - 1) * PAGE : one * PAGE])


def free_list(folder: Path) -> None:
    with (folder / "catalog.db").open("r+b") as file:
        file.seek(36)
        file.write((77).to_bytes(4, "big"))


def shorter(folder: Path) -> None:
    os.truncate(folder / "catalog.db", (folder / "catalog.db").stat().st_size * 3 // 4)


PAGES = {
    "leaf of documents": zero_leaf("documents"),
    "leaf of chunks": zero_leaf("chunks"),
    "leaf of vectors": zero_leaf("vectors"),
    "root of vectors": zero_root("vectors"),
    "root of documents": zero_root("documents"),
    "root of an index": zero_root("chunks_by_input"),
    "files": zero_root("files"),
    "models": zero_root("models"),
    "settings": zero_root("settings"),
    "counters": zero_root("sqlite_sequence"),
    "migrations": zero_root("_sqlite_migrations"),
    "first page": first_page,
    "header": header,
    "swapped": swapped,
    "free list": free_list,
    "shorter": shorter,
}
# From these the text of standard input may not come back.
LOSSES = ("leaf of documents", "root of documents", "shorter", "sources")


@pytest.mark.parametrize("name", PAGES)
def test_what_is_sound_is_saved_from_damaged_pages(folder: Path, sound: Sound, name: str) -> None:
    PAGES[name](folder)
    harmed = (folder / "catalog.db").read_bytes()
    assert library(folder).verify().damaged
    done = library(folder).repair()
    assert done.left == ()
    assert "were saved into a fresh one" in done.mended[0]
    assert (Path(done.aside) / "catalog.db").read_bytes() == harmed
    assert not (folder / "salvage").exists()
    assert not library(folder).verify().damaged
    if name != "first page":
        assert passages(folder) <= sound.passages
    library(folder).reindex()
    assert not library(folder).verify(deep=True).damaged
    after = checked_state(folder, ToyEncoder())
    if done.lost:
        assert name in LOSSES
        assert done.lost == ("stdin:memo: it came on standard input, and no document of that name was saved",)
        library(folder).ingest_stream("memo", b"The spare key hangs behind the blue door.")
        after = checked_state(folder, ToyEncoder())
    assert {uri: kept.text for uri, kept in after.items()} == {uri: kept.text for uri, kept in sound.state.items()}
    assert scores(folder) == sound.scores
    assert_ids_are_not_given_twice(sound.names, names(folder))


def test_rows_below_a_lost_page_keep_their_vectors(folder: Path) -> None:
    """The root of a table is lost, but not what it led to; deleted rows on free pages stay deleted."""
    count = query(folder, "SELECT count(*) FROM vectors")[0][0]
    zero_root("vectors")(folder)
    library(folder).repair()
    assert query(folder, "SELECT count(*) FROM vectors")[0][0] == count
    assert library(folder).reindex().embedded == 0


def test_a_catalogue_in_which_nothing_can_be_read_is_left_alone(folder: Path) -> None:
    for harmed in (b"", b"\xa5" * 50_000):
        (folder / "catalog.db").write_bytes(harmed)
        for work in (lambda: answers(folder), lambda: library(folder).reindex()):
            with pytest.raises(Damaged):
                work()
        assert library(folder).verify().damaged
        with pytest.raises(Damaged, match="wherein restore"):
            library(folder).repair()
        assert (folder / "catalog.db").read_bytes() == harmed
        assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["generations"]
    (folder / "catalog.db").unlink()
    assert [f.what for f in library(folder).verify().findings] == ["it is missing"]
    for work in (lambda: answers(folder), lambda: library(folder).repair(), lambda: library(folder).reindex()):
        with pytest.raises(Damaged, match="wherein restore"):
            work()


def test_a_file_without_tables_is_no_new_library(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "none.db")) as db:
        db.execute("PRAGMA user_version = 1")
    (folder / "none.db").replace(folder / "catalog.db")
    for work in (lambda: answers(folder), lambda: library(folder).ingest([__file__])):
        with pytest.raises(Damaged, match="lost its tables"):
            work()


# The log.


def ingest_a_second_text(folder: Path, _: Path, __: Connection) -> None:
    library(folder).ingest_stream("second", b"The ferry sank.")


def test_a_damaged_log_is_an_earlier_state_and_is_kept_aside(folder: Path) -> None:
    before = scores(folder)
    finish(*start(ingest_a_second_text, folder, folder, "checkpoint.begun"))
    folder = Path(shutil.copytree(folder, folder.with_name("copy")))  # SQLite trusts a log that is open somewhere
    log = folder / "catalog.db-wal"
    found = library(folder).verify()
    assert [(f.part, f.harmless) for f in found.findings] == [("log", True)]
    data = bytearray(log.read_bytes())
    data[40] ^= 1
    folder = Path(shutil.copytree(folder, folder.with_name("another")))
    log = folder / "catalog.db-wal"
    log.write_bytes(data)
    assert scores(folder) == before
    found = library(folder).verify()
    assert [f.part for f in found.findings if not f.harmless] == ["log"]
    done = library(folder).repair()
    assert (Path(done.aside) / "catalog.db-wal").read_bytes() == bytes(data)
    assert "commits" in done.lost[0]
    assert not library(folder).verify().damaged
    assert scores(folder) == before


def test_a_writer_keeps_a_damaged_log_and_says_so(folder: Path, scene: Path) -> None:
    finish(*start(ingest_a_second_text, folder, folder, "checkpoint.begun"))
    data = bytearray((folder / "catalog.db-wal").read_bytes())
    data[40] ^= 1
    harmed = Path(shutil.copytree(folder, folder.with_name("harmed")))
    (harmed / "catalog.db-wal").write_bytes(data)
    told: list[RunProblem] = []
    summary = library(harmed).ingest([str(scene / "docs")], report=lambda e: told.append(e) if is_problem(e) else None)
    assert summary.failed == 1
    assert [(problem.uri, "are lost; a copy is in" in problem.reason) for problem in told] == [("catalog.db-wal", True)]
    (aside,) = library(harmed).damaged_copies()
    assert (aside / "catalog.db-wal").read_bytes() == bytes(data)
    assert not library(harmed).verify().damaged


def is_problem(event: object) -> TypeGuard[RunProblem]:
    return isinstance(event, RunProblem)


def ingest_and_move_the_log(folder: Path, docs: Path, _: Connection) -> None:
    commit._COMMIT_SECONDS = 0
    held = sqlite3.connect(folder / "catalog.db")  # or the log would be emptied
    if child := os.fork():
        os.waitpid(child, 0)
        held.execute("PRAGMA wal_checkpoint(PASSIVE)")
        os._exit(0)
    library(folder).ingest([str(docs)])


def test_a_damaged_log_that_was_moved_already_is_not_mixed_with_what_is_newer(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for number in range(50, 70):
        (tmp_path / "more" / f"{number}.txt").write_text(text(number))
    finish(*start(ingest_and_move_the_log, folder, tmp_path / "more", "checkpoint.begun"))
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    right = scores(copy)
    expected = checked_state(copy, ToyEncoder())
    log = folder / "catalog.db-wal"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    harmed = Path(shutil.copytree(folder, tmp_path / "harmed"))
    (harmed / "catalog.db-wal").write_bytes(data)
    assert library(harmed).verify().damaged
    with pytest.raises(Damaged, match="run: wherein repair"):
        library(harmed).reindex()
    done = library(harmed).repair()
    assert done.lost == ()
    assert done.left == ()
    assert checked_state(harmed, ToyEncoder()) == expected
    assert scores(harmed) == right


# Harmless things, the model, and other processes.


def test_leftovers_are_notes(folder: Path) -> None:
    (folder / "generations" / "000009.tmp").write_bytes(b"half")
    (folder / "generations" / "000008.faiss").write_bytes(b"whole")
    (folder / "damaged" / "20250101T000000Z").mkdir(parents=True)
    found = library(folder).verify()
    assert not found.damaged
    assert sorted((f.part, Path(f.place).name) for f in found.findings) == [
        ("aside", "20250101T000000Z"), ("index", "000008.faiss"), ("index", "000009.tmp"),
    ]  # fmt: skip
    assert dict(found.checked) == {"documents": 27, "chunks": 113, "vectors": 129, "indexes": 3}


def test_nothing_is_done_to_a_sound_library(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = library(folder).repair()
    assert (done.mended, done.lost, done.aside, done.left) == ((), (), "", ())
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept = (".faiss", ".db")
    assert {path: data for path, data in before.items() if path.suffix in kept} == {
        path: data for path, data in after.items() if path.suffix in kept
    }


def test_a_model_file_is_named(folder: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))
    opened = Library(folder, encoder=Encoder(load_model(model), "w8a32"))
    assert [f.what.partition(" (")[0] for f in opened.verify().findings] == [
        "it is not the model that the library was made with"
    ]
    data = bytearray((model / "model.bin").read_bytes())
    data[1000] ^= 1
    (model / "model.bin").write_bytes(data)
    (found,) = opened.verify().findings
    assert (found.part, found.remedy) == ("model", "install the model again")
    assert "model.bin is damaged" in found.what


def test_damaged_compiled_graphs_are_told_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "a-1-00000000.blob").write_bytes(b"")
    (tmp_path / "a-1-00000001.blob").write_bytes(b"")
    assert [path.name for path in damaged_blobs(tmp_path)] == ["a-1-00000001.blob"]
    found = check_compiled(tmp_path)
    assert [(f.part, f.harmless) for f in found] == [("compiled model", True)]


def test_verify_sees_one_state_while_another_process_writes(folder: Path) -> None:
    db = open_writer(folder)
    with suppress(InterruptedError), writing(db, "test"):
        db.execute("DELETE FROM chunks WHERE id > 100")
        assert not library(folder).verify(deep=True).damaged
        raise InterruptedError
    db.close()


def test_repair_is_a_writer(folder: Path) -> None:
    with writer_lock(folder), pytest.raises(LibraryBusy, match=str(os.getpid())):
        library(folder).repair()


def test_deep_finds_what_checksums_do_not(folder: Path, scene: Path) -> None:
    """A vector that fits its checksum and is another than the index has."""
    with closing(open_reader(folder)) as db:
        model = bound_model(db)
    assert model is not None
    import numpy as np

    from wherein.storage.catalog.checksums import vector_checksum

    ((name,),) = query(folder, "SELECT input_hash FROM vectors WHERE id = 30")
    other = np.eye(1, model.dimension, dtype=np.float16).tobytes()
    sql(f"UPDATE vectors SET vector = x'{other.hex()}', checksum = {vector_checksum(bytes(name), other)}"
        " WHERE id = 30")(folder)  # fmt: skip
    assert not library(folder).verify().damaged
    found = library(folder).verify(deep=True)
    whats = [f.what for f in found.findings]
    assert "its vector 30 is not the one stored" in whats
    assert found.checked["proved vectors"] == 64
    assert found.checked["indexed vectors"] == 123


def test_deep_compares_the_sources(folder: Path, scene: Path, tmp_path: Path) -> None:
    docs = Path(shutil.copytree(scene / "docs", tmp_path / "docs"))
    library(tmp_path / "other").ingest([str(docs)])
    status = (docs / "3.txt").stat()
    with (docs / "3.txt").open("r+b") as file:
        file.write(b"X")
    os.utime(docs / "3.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    now = (docs / "3.txt").stat().st_ctime_ns
    sql(f"UPDATE files SET ctime_ns = {now}, checked_ns = {now + 10**11} WHERE uri LIKE '%/3.txt'")(tmp_path / "other")
    found = library(tmp_path / "other").verify(deep=True)
    assert [(f.part, Path(f.place).name) for f in found.findings] == [("source", "3.txt")]


# Through the command line, with the shipped model.


def test_exit_codes_of_the_commands(tmp_path: Path, compiled_cache: Path) -> None:
    environment = {**os.environ, "WHEREIN_LIBRARY": str(tmp_path / "library"),
                   "XDG_CACHE_HOME": str(compiled_cache)}  # fmt: skip

    def wherein(*arguments: str) -> tuple[int, str, str]:
        done = run_command(*arguments, environment=environment, folder=tmp_path)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    (tmp_path / "docs").mkdir()
    for n in range(4):
        (tmp_path / "docs" / f"{n}.txt").write_text(f"In town {n} the market opens at {n + 5} o'clock.")
    assert wherein("ingest", "docs")[0] == 0
    code, shown, _ = wherein("verify", "--deep")
    assert (code, "4 documents" in shown, "nothing is damaged" in shown) == (0, True, True)
    os.truncate(tmp_path / "library" / "generations" / "000001.faiss", 100)
    code, _, told = wherein("query", "when does the market of town 3 open?")
    assert (code, "run: wherein repair" in told, len(told.splitlines())) == (5, True, 1)
    code, shown, _ = wherein("verify", "--json")
    found = json.loads(shown)
    assert (code, found["damaged"], [f["part"] for f in found["findings"]]) == (5, True, ["index"])
    code, shown, _ = wherein("repair", "--json")
    assert (code, json.loads(shown)["left"]) == (0, [])
    code, shown, _ = wherein("verify")
    assert (code, "note: aside" in shown) == (0, True)
    code, shown, _ = wherein("query", "when does the market of town 3 open?", "-n", "1", "--json")
    assert json.loads(shown)["hits"][0]["uri"].endswith("3.txt")
