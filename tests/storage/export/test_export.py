"""An export holds what the library does, is the same for the same content, and appears complete or not at all."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exports import KINDS_OF_RECORDS, SECRET, every_kind, opened, table
from stored_texts import TEXT
from wherein.errors import Damaged, UsageError, WhereinError
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.export import table_file
from wherein.storage.export.export import Export, write_export
from wherein.storage.store.local.store import LocalStore
from wherein.uri import file_uri

COLUMNS = {
    "documents": [
        "key", "uri", "title", "media_type", "text", "metadata", "notes", "file", "added_at", "changed_at", "passages",
        "tokens", "unknown", "language", "recognized",
    ],
    "passages": [
        "key", "document", "ordinal", "start", "end", "page", "heading", "input_hash", "text", "vector",
    ],
    "records": ["kind", "name", "value"],
}  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Path:
    every_kind(tmp_path / "library", tmp_path / "docs")
    return tmp_path / "library"


def export(library: Path, target: Path) -> Export:
    with closing(LocalStore(library)) as store:
        return write_export(store, target, "1.0")


def test_an_export_holds_every_document_and_passage(library: Path, tmp_path: Path) -> None:
    done = export(library, tmp_path / "export")
    documents = {row["uri"]: row for row in table(tmp_path / "export", "documents")}
    passages = table(tmp_path / "export", "passages")
    stored = list(opened(library).documents())
    assert sorted(documents) == [document.uri for document in stored]
    assert (done.documents, done.passages) == (len(stored), sum(document.chunks for document in stored))
    assert {uri: row["passages"] for uri, row in documents.items()} == {one.uri: one.chunks for one in stored}
    for row in passages:
        owner = next(one for one in documents.values() if one["key"] == row["document"])
        assert row["text"] == owner["text"][row["start"] : row["end"]]
        assert len(row["vector"]) == 16
        assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-3)
    assert SECRET not in json.dumps([*documents], default=str) + json.dumps([row["text"] for row in passages])


def test_the_columns_are_those_that_were_released(library: Path, tmp_path: Path) -> None:
    export(library, tmp_path / "export")
    assert {name: list(table(tmp_path / "export", name)[0]) for name in COLUMNS} == COLUMNS


def test_a_document_has_its_metadata_and_its_file(library: Path, tmp_path: Path) -> None:
    export(library, tmp_path / "export")
    file = file_uri(str(tmp_path / "docs" / "records.jsonl"))
    (row,) = [row for row in table(tmp_path / "export", "documents") if row["uri"] == f"{file}#r3"]
    assert (row["title"], row["text"], row["file"]) == ("Record 3", "The quay counts 3 boats.", file)
    assert json.loads(row["metadata"]) == {"tags": ["a", 3], "year": 2003}
    (note,) = [row for row in table(tmp_path / "export", "documents") if row["uri"] == "stdin:note"]
    assert (note["text"], note["file"]) == ("A note on the ferry.", "")


def test_it_holds_sources_files_golden_questions_and_what_stays_away(library: Path, tmp_path: Path) -> None:
    export(library, tmp_path / "export")
    records = table(tmp_path / "export", "records")
    assert sorted({row["kind"] for row in records} - {"run"}) == KINDS_OF_RECORDS
    golden = [json.loads(row["value"]) for row in records if row["kind"] == "golden"]
    assert [one["question"] for one in golden] == ["how many boats has the quay?"]
    kinds = [json.loads(row["value"])["kind"] for row in records if row["kind"] == "exclusion"]
    assert sorted(kinds) == ["purged", "removed"]


def test_two_exports_of_one_state_are_the_same_bytes(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = export(library, tmp_path / "first"), export(library, tmp_path / "second")
    assert first.identity == second.identity
    for name in COLUMNS:
        assert (tmp_path / "first" / f"{name}.parquet").read_bytes() == (
            tmp_path / "second" / f"{name}.parquet"
        ).read_bytes()
    opened(library).ingest_stream("note", b"Another note.")
    assert export(library, tmp_path / "third").identity != first.identity


def test_portions_of_one_row_hold_the_same_rows(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(library, tmp_path / "first")
    monkeypatch.setattr(table_file, "_ROWS", 1)
    export(library, tmp_path / "second")
    for name in COLUMNS:
        assert table(tmp_path / "first", name) == table(tmp_path / "second", name)


@pytest.mark.parametrize("occupy", [Path.touch, lambda path: path.mkdir() or (path / "x").touch()])
def test_nothing_that_exists_is_overwritten(library: Path, tmp_path: Path, occupy: object) -> None:
    occupy(tmp_path / "export")  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"exists|not empty"):
        export(library, tmp_path / "export")


def test_an_empty_library_has_no_export(tmp_path: Path) -> None:
    with closing(open_writer_folder(tmp_path / "library")):
        pass
    with pytest.raises(WhereinError, match="This library is empty"):
        export(tmp_path / "library", tmp_path / "export")
    assert not (tmp_path / "export").exists()


def open_writer_folder(folder: Path) -> object:
    folder.mkdir()
    return open_writer(folder)


DAMAGE = {
    "a text": f"UPDATE texts SET text = 'x' || substr(text, 2) WHERE id = 1 /* {TEXT[:0]} */",
    "a title": "UPDATE documents SET title = 'x' WHERE id = 1",
    "a span": 'UPDATE chunks SET "end" = "end" + 1 WHERE id = 1',
    "a vector": "UPDATE vectors SET checksum = checksum + 1 WHERE id = 1",
    "a lost vector": "DELETE FROM vectors WHERE id = 1",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_library_is_not_exported(library: Path, tmp_path: Path, statement: str) -> None:
    with closing(open_writer(library)) as db, writing(db, "test"):
        db.execute(statement)
    with pytest.raises(Damaged):
        export(library, tmp_path / "export")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "library"]
