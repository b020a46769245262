"""Numbers that a file system may give and SQLite cannot hold: the run goes through, and changes are still noticed."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.ingest.sources import source_walk
from wherein.ingest.sources.files import walk
from wherein.ingest.sources.found import FoundFile
from wherein.library import Library

YEARS = {"1600": -11_676_096_000, "1969": -86_400, "2300": 10_413_792_000, "9999": 253_370_764_800}


def make_files(folder: Path) -> Path:
    """Return a folder with a file of each year, as near as its file system can come."""
    folder.mkdir()
    for year, seconds in YEARS.items():
        (folder / f"{year}.txt").write_text(f"The lease of {year}.")
        os.utime(folder / f"{year}.txt", (seconds, seconds))
    return folder


def test_files_of_any_year_are_ingested_and_their_changes_noticed(tmp_path: Path) -> None:
    docs, library = make_files(tmp_path / "docs"), Library(tmp_path / "library", encoder=ToyEncoder())
    first = library.ingest([str(docs)])
    assert (first.new, first.failed) == (4, 0)
    assert library.status().stale == 0
    assert {hit.freshness for hit in library.query("lease", 9).hits} == {"fresh"}
    assert library.reindex().unchanged == 4
    changed = docs / "2300.txt"
    times = (YEARS["2300"], YEARS["2300"])
    changed.write_text("The lease of 3200.")
    os.utime(changed, times)
    again = library.reindex()
    assert (again.changed, again.unchanged, again.failed) == (1, 3, 0)
    assert library.verify(deep=True).damaged is False


@pytest.mark.parametrize(
    "odd",
    [
        {"inode": 2**63},
        {"inode": 2**64 - 1, "ctime_ns": 2**80},
        {"mtime_ns": -(2**63) - 1},
        {"mtime_ns": 10**30, "inode": 2**128 - 1},
        {"size": 2**63},
    ],
)
def test_a_walk_may_find_any_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: dict[str, int]) -> None:
    monkeypatch.setattr(
        source_walk,
        "walk",
        lambda *args, **named: (replace(f, **odd) if isinstance(f, FoundFile) else f for f in walk(*args, **named)),
    )
    docs, library = make_files(tmp_path / "docs"), Library(tmp_path / "library", encoder=ToyEncoder())
    assert library.ingest([str(docs)]).new == 4
    again = library.ingest([str(docs)])
    assert (again.unchanged, again.changed, again.failed) == (4, 0, 0)
    assert library.verify().damaged is False
