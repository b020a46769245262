"""The process dies after any of the migrations of an old library; the next one finishes them."""

import signal
from pathlib import Path

import pytest

from deaths import WAYS
from mortal import finish, start
from released_libraries import FIXTURES, unpack
from wherein.storage.catalog.connection import open_reader, open_writer
from wherein.storage.catalog.documents import count_chunks, document_text, next_documents
from wherein.storage.catalog.schema import NEWEST_SCHEMA, schema_of
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.disk.failpoints import EXIT_CODE


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "step", [*(f"migration.applied@{times}" for times in range(1, NEWEST_SCHEMA)), "migration.texts-copied@1"]
)
def test_death_while_an_old_library_is_migrated(tmp_path: Path, way: str, step: str) -> None:
    unpack(FIXTURES[0], tmp_path)
    process, receiver = start(migrate, tmp_path, tmp_path, f"{step}:{way}")
    finish(process, receiver)
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    open_writer(tmp_path).close()
    reader = open_reader(tmp_path)
    assert schema_of(reader) == NEWEST_SCHEMA
    assert reader.execute("SELECT count(*) FROM documents WHERE checksum <> 0").fetchone() == (3,)
    assert all(document_text(reader, number) for number in next_documents(reader))
    assert sum(len(rows.ids) for rows in read_terms(reader)) == count_chunks(reader) > 0
    reader.close()


def migrate(library: Path, _: Path, acknowledge: object) -> None:
    open_writer(library).close()
