"""An import under way is remembered until it is done."""

from pathlib import Path

import pytest

from wherein.storage.export.journal import FileJournal, is_journal
from wherein.storage.store.document import Record


def test_what_was_written_is_read(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal")
    assert journal.read() is None
    journal.write("a" * 64, "first")
    assert journal.read() == ("a" * 64, "first")
    journal.clear()
    assert journal.read() == ("a" * 64, "first")  # the folder goes with it


@pytest.mark.parametrize("raw", ["", "[", "[1]", '["a", "b", "c"]', "{}"])
def test_what_is_half_written_counts_for_nothing(tmp_path: Path, raw: str) -> None:
    (tmp_path / "journal").write_text(raw)
    assert FileJournal(tmp_path / "journal").read() is None


def test_which_record_is_one() -> None:
    assert is_journal(Record("setting", "import", {"value": ["a", "b"]}))
    assert not is_journal(Record("setting", "index", {"value": "exact"}))
    assert not is_journal(Record("source", "import", {}))
