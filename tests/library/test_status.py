"""What `status` counts."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.errors import Damaged
from wherein.library.documents import remove_documents
from wherein.library.ingesting import RunFactory, ingest_sources
from wherein.library.opening import open_for_writing
from wherein.library.readers import CatalogReader
from wherein.library.reindexing import ReindexOptions, reindex
from wherein.library.sources import SourceRequest
from wherein.library.status import Status, read_status


@pytest.fixture
def reader(runs: RunFactory) -> Iterator[CatalogReader]:
    with closing(CatalogReader(runs.folder)) as reader:
        yield reader


def status(reader: CatalogReader, runs: RunFactory) -> Status:
    with reader.snapshot() as db:
        return read_status(db, runs.folder)


def test_a_library_after_its_first_ingest(reader: CatalogReader, runs: RunFactory) -> None:
    found = status(reader, runs)
    assert found.library == str(runs.folder)
    assert (found.documents, found.chunks, found.vectors, found.delta, found.orphans) == (12, 12, 12, 0, 0)
    assert (found.generation, found.index, found.recall) == (1, "exact", 1.0)
    assert (found.model, found.precision, found.fingerprint) == ("toy", "w8a32", ToyEncoder().fingerprint)
    assert (found.sources, found.problems, found.stale, found.golden) == (1, 0, 0, 0)
    assert (found.night, found.purge_unfinished) == (None, False)
    files = sum(path.stat().st_size for path in runs.folder.rglob("*") if path.is_file())
    assert found.bytes == sum(found.parts.values()) == files


def test_an_empty_library_has_no_model_and_no_generation(tmp_path: Path) -> None:
    with open_for_writing(tmp_path, wait=False):
        pass
    with closing(CatalogReader(tmp_path)) as reader, reader.snapshot() as db:
        found = read_status(db, tmp_path)
    assert (found.documents, found.chunks, found.vectors, found.delta) == (0, 0, 0, 0)
    assert (found.model, found.precision, found.fingerprint) == ("", "", "")
    assert (found.generation, found.index, found.recall) == (None, "", 1.0)


def test_what_is_left_to_do_is_counted_and_a_reindex_does_it(
    reader: CatalogReader, runs: RunFactory, docs: Path
) -> None:
    (docs / "new.txt").write_text("A new lot has arrived.")
    (docs / "broken.txt").write_bytes(b"%PDF-1.4 is broken")
    ingest_sources(runs, SourceRequest.of([str(docs)]))
    remove_documents(runs.folder, [str(docs / "1.txt")])
    (docs / "2.txt").unlink()
    os.utime(docs / "3.txt", ns=(1, 1))
    (docs / "4.txt").write_text("Lot 4 was sold.")
    before = status(reader, runs)
    assert (before.documents, before.vectors, before.delta) == (12, 12, 1)
    assert before.orphans == 0  # only a reindex marks them
    assert (before.problems, before.stale) == (1, 3)
    reindex(runs, ReindexOptions())
    after = status(reader, runs)
    assert (after.documents, after.vectors, after.delta, after.stale) == (11, 11, 0, 0)
    assert after.orphans == 3  # those of the removed, the vanished and the changed document
    assert after.night is not None
    assert (after.night["outcome"], after.night["report"]["outcome"]) == ("done", "done")  # type: ignore[index]
    assert str(after.night["began_at"]) < str(after.night["ended_at"])


def test_a_report_that_is_no_json_is_damage(reader: CatalogReader, runs: RunFactory) -> None:
    reindex(runs, ReindexOptions())
    with open_for_writing(runs.folder, wait=False) as db:
        db.execute("UPDATE nights SET report = '{'")
    with pytest.raises(Damaged, match=r"^The report of the last reindex is damaged; run: wherein verify$"):
        status(reader, runs)
