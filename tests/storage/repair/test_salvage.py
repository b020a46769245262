"""From damaged pages exactly the sound rows are saved, with their ids."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from small_library import FILE_A, MEMO, damage, rows, zero_root_page
from wherein.errors import Damaged, LibraryBusy
from wherein.storage.catalog.connection import CATALOG, open_reader
from wherein.storage.repair.quarantine import QUARANTINE, Quarantine
from wherein.storage.repair.salvage import STAGING, Salvaged, salvage
from wherein.storage.repair.schema_check import schema_problems
from wherein.storage.repair.sqlite_wal import log_of

# Settings without the version of the word counts, which the fresh catalog has already.
ALL = {"settings": 3, "models": 1, "sources": 2, "files": 2, "file_sources": 2,
       "generations": 2, "documents": 3, "texts": 3, "chunks": 4,
       "vectors": 4}  # fmt: skip
CONTENT = {
    "documents": "SELECT id, uri, title, characters, file_id FROM documents ORDER BY id",
    "texts": "SELECT id, document_id, number, lines, text, checksum FROM texts ORDER BY id",
    "chunks": 'SELECT id, document_id, ordinal, start, "end", input_hash, checksum FROM chunks ORDER BY id',
    "vectors": "SELECT id, model_id, input_hash, vector, checksum FROM vectors ORDER BY id",
    "sources": "SELECT id, uri, kind, options FROM sources ORDER BY id",
    "counters": "SELECT name, seq FROM sqlite_sequence ORDER BY name",
}


def content(folder: Path, tables: Iterable[str] = CONTENT) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows(folder, CONTENT[table]) for table in tables}


def saved(folder: Path) -> Salvaged:
    result = salvage(folder, Quarantine(folder))
    assert not (folder / STAGING).exists()
    with closing(open_reader(folder)) as db:
        assert schema_problems(db) == []
    return result


def test_from_a_sound_catalog_everything_is_saved_and_all_files_marked(library: Path) -> None:
    before, data = content(library), (library / CATALOG).read_bytes()
    versions = rows(library, "SELECT version FROM files")
    result = saved(library)
    assert {table: number for table, number in result.saved.items() if number} == ALL
    assert result.rejected == 0
    assert content(library) == before
    assert not set(rows(library, "SELECT version FROM files")) & set(versions)
    (copy,) = (library / QUARANTINE).glob("*/*")
    assert (copy.name, copy.read_bytes()) == (CATALOG, data)


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        ("vectors", ["vectors"]),
        ("chunks", ["chunks"]),
        ("documents", ["documents", "texts", "chunks"]),
        ("texts", ["documents", "texts", "chunks"]),
        ("settings", []),
    ],
)
def test_only_the_rows_of_a_lost_page_are_lost(library: Path, table: str, lost: list[str]) -> None:
    before = content(library)
    zero_root_page(library, table)
    result = saved(library)
    after = content(library)
    assert after == {**before, **{name: [] for name in lost}}
    assert result.saved[table] == 0
    # What refers to a lost row is read, and deleted afterwards.
    assert result.saved["chunks"] == (0 if table == "chunks" else 4)


def test_files_whose_source_is_lost_and_documents_whose_file_is_lost_are_detached(library: Path) -> None:
    zero_root_page(library, "sources")
    saved(library)
    assert rows(library, "SELECT id FROM files") == [(1,), (2,)]
    assert rows(library, "SELECT * FROM file_sources") == []
    zero_root_page(library, "files")
    saved(library)
    assert rows(library, "SELECT id, file_id FROM documents") == [(1, None), (2, None), (3, None)]


def test_rows_that_do_not_fit_their_checksum_are_rejected_and_quarantined(library: Path) -> None:
    damage(
        library,
        "UPDATE documents SET title = 'x' WHERE id = 2",
        "UPDATE vectors SET vector = zeroblob(64) WHERE id = 4",
        "UPDATE sources SET kind = 'x' WHERE id = 1",
    )
    result = saved(library)
    assert result.rejected == 3
    assert rows(library, "SELECT id, uri FROM documents ORDER BY id") == [(1, FILE_A), (3, MEMO)]
    assert rows(library, "SELECT id FROM chunks ORDER BY id") == [(1,), (2,), (4,)]
    assert rows(library, "SELECT id FROM vectors ORDER BY id") == [(1,), (2,), (3,)]
    assert rows(library, "SELECT uri FROM sources") == [(MEMO,)]
    (path,) = (library / QUARANTINE).glob("*/rows.jsonl")
    assert len(path.read_text().splitlines()) == 3


def test_nothing_is_replaced_when_nothing_can_be_saved(library: Path) -> None:
    data = b"no catalog" * 4096
    (library / CATALOG).write_bytes(data)
    with pytest.raises(Damaged) as caught:
        salvage(library, Quarantine(library))
    assert str(caught.value) == (
        f"{library / CATALOG} cannot be read, and nothing in it can be saved; restore a backup with: wherein restore"
    )
    assert (library / CATALOG).read_bytes() == data
    assert not (library / STAGING).exists()


def test_a_catalog_of_an_older_schema_is_not_salvaged(library: Path) -> None:
    damage(library, "DELETE FROM _sqlite_migrations WHERE rowid = (SELECT max(rowid) FROM _sqlite_migrations)")
    with pytest.raises(Damaged, match="was written by an older version, whose rows have no checksums"):
        salvage(library, Quarantine(library))
    assert len(rows(library, CONTENT["documents"])) == 3


def test_while_a_reader_holds_the_log_the_catalog_stays(library: Path) -> None:
    with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM settings").fetchone()
        with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as writer:
            writer.execute("INSERT INTO settings VALUES ('key', 'late')")
        assert log_of(library / CATALOG).stat().st_size > 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("wherein.storage.catalog.connect._BUSY_SECONDS", 0.01)
            with pytest.raises(LibraryBusy, match="Another process is reading from the library"):
                salvage(library, Quarantine(library))
    assert rows(library, "SELECT value FROM settings WHERE key = 'key'") == [("late",)]


def test_a_finished_catalog_of_an_interrupted_salvage_is_only_renamed(library: Path) -> None:
    staging = library / STAGING
    staging.mkdir()
    (staging / CATALOG).write_bytes((library / CATALOG).read_bytes())
    damage(staging, "UPDATE settings SET value = 'renamed' WHERE key = 'terms'")
    (staging / "done").touch()
    assert saved(library) == Salvaged({}, 0)
    assert rows(library, "SELECT value FROM settings WHERE key = 'terms'") == [("renamed",)]


def test_an_unfinished_staging_folder_is_started_over(library: Path) -> None:
    (library / STAGING).mkdir()
    (library / STAGING / CATALOG).write_bytes(b"half")
    assert saved(library).saved["documents"] == 3
