"""A run is killed between the move of a renamed file and the reading of it: the next one reads it."""

from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mortal import finish, start
from toy import ToyEncoder
from wherein.library import Library


def ingest(folder: Path, docs: Path, acknowledge: Connection) -> None:
    Library(folder, encoder=ToyEncoder()).ingest([docs])  # type: ignore[arg-type]
    acknowledge.send("ingest")


@pytest.mark.parametrize("failpoint", ["ingest.move.committed", "ingest.batch.begun", "ingest.batch.written"])
def test_a_renamed_file_has_its_new_name_as_its_title(tmp_path: Path, failpoint: str) -> None:
    docs, folder = tmp_path / "docs", tmp_path / "library"
    docs.mkdir()
    (docs / "old.txt").write_text("The zebra crosses the road.")
    library = Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([docs])
    (docs / "old.txt").rename(docs / "new.txt")
    assert finish(*start(ingest, folder, docs, failpoint)) == []
    library.ingest([docs])
    assert [(found.uri, found.title) for found in library.documents()] == [((docs / "new.txt").as_uri(), "new.txt")]
    assert library.ingest([docs]).unchanged == 1
