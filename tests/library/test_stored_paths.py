"""Libraries whose sources and files an older version stored by unresolved paths."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.files import find_file, move_file
from wherein.uri import file_uri


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "data" / "docs").mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / "data" / "docs" / f"{name}.md").write_text(f"The text of {name}.")
    (tmp_path / "docs").symlink_to("data/docs")
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(tmp_path / "data" / "docs")])
    return library


def make_old(library: Library, old: Path, new: Path) -> None:
    """Store the first source and its files as an older version did, which did not resolve links."""
    with closing(open_writer(library.folder)) as db, writing(db, "test"):
        db.execute("UPDATE sources SET uri = ?, options = json_remove(options, '$.pattern') WHERE id = 1", [str(old)])
        for name in ("a.md", "b.md"):
            record = find_file(db, file_uri(str(new / name)))
            assert record is not None
            move_file(db, record, file_uri(str(old / name)))


def documents(library: Library) -> dict[int, str]:
    return {document.id: document.uri for document in library.documents()}


@pytest.mark.parametrize("way", ["reindex", "ingest by link", "ingest"])
def test_files_are_renamed_and_keep_their_ids(library: Library, tmp_path: Path, way: str) -> None:
    before = documents(library)
    make_old(library, tmp_path / "docs", tmp_path / "data" / "docs")
    assert documents(library) != before
    if way == "reindex":
        assert library.reindex().unchanged == 2
    else:
        library.ingest([str(tmp_path / ("docs" if way == "ingest by link" else "data/docs"))])
    assert documents(library) == before
    assert [(source.id, source.uri, source.pattern) for source in library.sources()] == [
        (1, str(tmp_path / "data" / "docs"), False)
    ]
    assert library.other_uris("1") == [file_uri(str(tmp_path / "docs" / "a.md"))]


def test_two_names_of_one_source_become_one_with_the_exclusions_of_both(library: Library, tmp_path: Path) -> None:
    make_old(library, tmp_path / "docs", tmp_path / "data" / "docs")
    with closing(open_writer(library.folder)) as db, writing(db, "test"):
        options = {"exclude": ["priv"], "max_size": None, "fields": {}}
        db.execute(
            "INSERT INTO sources (uri, kind, options, added_at) VALUES (?, 'path', ?, '')",
            [str(tmp_path / "data" / "docs"), json.dumps(options)],
        )
    library.reindex()
    (source,) = library.sources()
    assert (source.uri, source.exclude) == (str(tmp_path / "data" / "docs"), ("priv",))
    assert sorted(documents(library)) == [1, 2]


def test_a_source_that_is_not_there_is_left_as_it_is(library: Library, tmp_path: Path) -> None:
    make_old(library, tmp_path / "docs", tmp_path / "data" / "docs")
    (tmp_path / "data").rename(tmp_path / "unmounted")
    assert library.reindex().failed == 1
    assert len(documents(library)) == 2
    (tmp_path / "unmounted").rename(tmp_path / "data")
    assert library.reindex().failed == 0
    assert set(documents(library).values()) == {file_uri(str(tmp_path / "data" / "docs" / f"{n}.md")) for n in "ab"}
