"""Golden questions: stored, asked by each reindex that changes the index, and removed."""

from pathlib import Path

import pytest

from lots import reindex_report, write_lots
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.progress.reindex_report import RankChange
from wherein.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(write_lots(tmp_path / "docs"))])
    return library


def test_golden_questions_are_stored_asked_and_removed(library: Library, tmp_path: Path) -> None:
    first = library.add_golden("Lot 7 has barrels of eel on quay 7", str(tmp_path / "docs" / "lot-0007.txt"))
    assert library.add_golden(first.question, first.uri) == first
    second = library.add_golden(" herring ", "9")
    assert [(row.question, row.rank) for row in library.golden()] == [(first.question, None), ("herring", None)]
    with pytest.raises(UsageError, match="There is no document nothing"):
        library.add_golden("where?", "nothing")
    with pytest.raises(UsageError, match="The question is empty"):
        library.add_golden(" ", "9")
    (tmp_path / "docs" / "new.txt").write_text("A new lot has arrived.")
    assert reindex_report(library).moved == ()
    assert library.golden()[0].rank == 1
    assert library.remove_golden("herring")[0].id == second.id
    with pytest.raises(UsageError, match="There is no golden question herring"):
        library.remove_golden("herring")
    # A moved document stays the right one; a rank that falls because of new documents is reported, not refused.
    (tmp_path / "docs" / "lot-0007.txt").rename(tmp_path / "docs" / "seven.txt")
    (tmp_path / "docs" / "better.txt").write_text(f"{first.question}. {first.question}!")
    report = reindex_report(library)
    (row,) = library.golden()
    assert row.uri.endswith("/seven.txt")
    assert report.moved == (RankChange(row.question, row.uri, 1, 2),)
    assert report.golden == 50
