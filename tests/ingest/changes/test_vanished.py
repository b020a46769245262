"""What a reindex removes, and what it keeps because a disk may not be mounted."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from catalog_rows import add_file, add_source
from wherein.ingest.changes.vanished import remove_vanished, vanished
from wherein.ingest.sources.exclusions import exclusions_for
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.file_sources import files_of_source, follow_file
from wherein.storage.catalog.sources import Source, list_sources

ABSENT = (
    "the source is gone or empty; its documents are kept, because a disk may not be mounted. If it was deleted on"
    " purpose, run: wherein sources remove 1 --remove"
)


@pytest.fixture
def source(db: Database) -> Source:
    return add_source(db, "/docs")


def uris(db: Database) -> list[str]:
    return [uri for (uri,) in db.execute("SELECT uri FROM files ORDER BY uri").fetchall()]


def walked(db: Database, source: Source, seen: set[str], errors: tuple[str, ...] = ()) -> SourceWalk:
    walk = SourceWalk(source, exclusions_for(source, []), OwnFiles(), files_of_source(db, source.id))
    for uri in sorted(seen):
        walk.reached(uri)
    for uri in errors:
        walk.failed(uri)
    return walk


def run(
    db: Database, source: Source, seen: set[str], errors: tuple[str, ...] = (), *, accept: bool = False
) -> tuple[int, list[tuple[str, str]]]:
    kept: list[tuple[str, str]] = []
    walk = walked(db, source, seen, errors)
    gone = remove_vanished(db, [walk], seen, lambda kind, why: kept.append((kind.uri, why)), accept=accept)
    return gone.documents, kept


def test_what_the_walk_did_not_see_is_removed_with_its_documents(db: Database, source: Source) -> None:
    add_file(db, source, "file:///docs/a", documents=3)
    add_file(db, source, "file:///docs/b")
    assert run(db, source, {"file:///docs/b"}) == (3, [])
    assert uris(db) == ["file:///docs/b"]
    assert db["documents"].count == 1


def test_files_of_other_sources_stay(db: Database, source: Source) -> None:
    other = add_source(db, "/other")
    add_file(db, other, "file:///other/a")
    add_file(db, source, "file:///docs/a")
    assert run(db, source, {"file:///docs/a"}) == (0, [])
    assert len(uris(db)) == 2


def test_nothing_is_removed_of_a_source_of_which_nothing_was_seen(db: Database, source: Source) -> None:
    add_file(db, source, "file:///docs/a")
    add_file(db, source, "file:///docs/b")
    for accept in (False, True):
        assert run(db, source, set(), accept=accept) == (0, [("/docs", ABSENT)])
    assert len(uris(db)) == 2


@pytest.mark.parametrize(
    ("gone", "left", "suspicious"), [(10, 1, False), (11, 1, True), (11, 44, False), (12, 47, True)]
)
def test_more_than_ten_documents_and_a_fifth_of_them_are_kept(
    db: Database, source: Source, gone: int, left: int, suspicious: bool
) -> None:
    add_file(db, source, "file:///docs/gone", documents=gone)
    add_file(db, source, "file:///docs/left", documents=left)
    removed, kept = run(db, source, {"file:///docs/left"})
    assert removed == (0 if suspicious else gone)
    assert [why.partition(";")[0] for _, why in kept] == (
        [f"{gone} of its {gone + left} documents are gone"] if suspicious else []
    )
    if suspicious:
        assert kept[0][1].endswith("To remove them, run: wherein reindex --accept-removals")
        assert run(db, source, {"file:///docs/left"}, accept=True) == (gone, [])


def test_nothing_is_removed_below_a_folder_that_could_not_be_read(db: Database, source: Source) -> None:
    for name in ("closed/a", "closed2/a", "b"):
        add_file(db, source, f"file:///docs/{name}")
    assert run(db, source, {"file:///docs/b"}, ("file:///docs/closed",)) == (1, [])
    assert uris(db) == ["file:///docs/b", "file:///docs/closed/a"]


def test_a_file_that_has_no_text_any_more_loses_its_documents(db: Database, source: Source) -> None:
    add_file(db, source, "file:///docs/a", state="skipped", documents=2)
    add_file(db, source, "file:///docs/b", state="skipped", documents=0)
    add_file(db, source, "file:///docs/c", state="failed")
    seen = {f"file:///docs/{name}" for name in "abc"}
    gone = vanished(db, [walked(db, source, seen)], seen, lambda *_: None)
    assert [record.uri for record in gone.files] == ["file:///docs/a"]
    assert run(db, source, seen) == (2, [])
    assert uris(db) == ["file:///docs/b", "file:///docs/c"]


def test_a_source_that_is_a_file_is_gone_while_its_folder_is_there(db: Database, tmp_path: Path) -> None:
    for folder, removed in ((tmp_path, 40), (tmp_path / "unmounted", 0)):
        source = add_source(db, str(folder / "a.txt"))
        add_file(db, source, f"file://{folder}/a.txt", documents=40)
        walk = walked(db, source, set())
        walk.is_missing = True
        kept: list[str] = []
        gone = remove_vanished(db, [walk], set(), lambda _, why: kept.append(why))  # noqa: B023
        assert (gone.documents, len(kept), len(gone.sources)) == (removed, int(not removed), int(bool(removed)))
    assert [source.uri for source in list_sources(db)] == [str(tmp_path / "unmounted" / "a.txt")]


def test_a_file_goes_with_the_last_source_that_covers_it(db: Database, source: Source) -> None:
    other = add_source(db, "/docs/sub")
    add_file(db, source, "file:///docs/a")
    for name in ("both", "one"):
        add_file(db, source, f"file:///docs/sub/{name}")
        with writing(db, "test"):
            follow_file(db, f"file:///docs/sub/{name}", other.id)
    add_file(db, other, "file:///docs/sub/more")
    seen = {"file:///docs/a", "file:///docs/sub/both", "file:///docs/sub/more"}
    assert run(db, source, seen - {"file:///docs/sub/both"}) == (0, [])
    assert run(db, other, seen) == (1, [])
    assert uris(db) == sorted(seen)
    assert list(files_of_source(db, source.id)) == ["file:///docs/a"]


@pytest.mark.parametrize("state", ["skipped", "failed"])
def test_a_problem_that_is_gone_is_forgotten_even_when_the_source_is_absent(
    db: Database, source: Source, state: str
) -> None:
    add_file(db, source, "file:///docs/empty", state=state, documents=0)
    add_file(db, source, "file:///docs/deep/er/broken", state=state, documents=0)
    add_file(db, source, "file:///docs/text")
    assert run(db, source, set(), ("file:///docs",)) == (0, [("/docs", ABSENT)])
    assert uris(db) == ["file:///docs/text"]


def test_a_problem_that_is_there_stays(db: Database, tmp_path: Path) -> None:
    source = add_source(db, str(tmp_path))
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "empty").touch()
    add_file(db, source, f"file://{tmp_path}/closed/empty", state="skipped", documents=0)
    assert run(db, source, set(), (f"file://{tmp_path}/closed",))[0] == 0
    assert uris(db) == [f"file://{tmp_path}/closed/empty"]


def test_a_page_is_gone_when_its_server_says_so(db: Database) -> None:
    source = add_source(db, "https://example.org/", "web")
    add_file(db, source, "https://example.org/")
    assert run(db, source, {"https://example.org/"}) == (0, [])
    assert run(db, source, set()) == (1, [])
