"""A library is exported, and filled again from its export: nothing is embedded, nothing is lost, nothing comes back."""

import os
import shutil
from pathlib import Path

import pytest

from exports import SECRET, every_kind, opened
from invariants import checked_state
from toy import ToyEncoder
from wherein.errors import Damaged, Refused, UsageError
from wherein.library import Library
from wherein.storage.export import filling, proof
from wherein.uri import file_uri

pytest.importorskip("pyarrow", reason="exports are Parquet files; install wherein[cluster]")

QUESTIONS = ("barrels of herring", "boats on the quay", "Straße in 東京", '"lot 81" has', "ferry")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return every_kind(tmp_path / "library", tmp_path / "docs")


def answers(library: Library) -> list[list[float]]:
    # By their scores: of passages that are alike the one with the lower number comes first, and a copy has other ones.
    return [
        [round(hit.score, 4) for hit in library.query(question, 10, mode=mode).hits]
        for question in QUESTIONS
        for mode in ("semantic", "keyword", "hybrid")
    ]


def imported(library: Library, folder: Path) -> Library:
    library.export(folder.with_name("export"))
    copy = opened(folder)
    copy.import_export(folder.with_name("export"))
    return copy


def test_the_way_there_and_back_gives_the_same_export(library: Library, tmp_path: Path) -> None:
    first = library.export(tmp_path / "first")
    copy = opened(tmp_path / "copy")
    moved = copy.import_export(tmp_path / "first")
    assert (moved.documents, moved.passages, moved.identity) == (first.documents, first.passages, first.identity)
    assert (moved.overlap, moved.resumed) == (1.0, False)
    assert copy.export(tmp_path / "second").identity == first.identity
    for name in ("documents", "passages", "records"):
        one, other = (tmp_path / folder / f"{name}.parquet" for folder in ("first", "second"))
        assert one.read_bytes() == other.read_bytes()


def test_the_copy_is_sound_and_answers_the_same(library: Library, tmp_path: Path) -> None:
    copy = imported(library, tmp_path / "copy")
    before, after = (checked_state(one.folder, ToyEncoder()) for one in (library, copy))
    assert {uri: (kept.text, kept.spans) for uri, kept in after.items()} == {
        uri: (kept.text, kept.spans) for uri, kept in before.items()
    }
    assert answers(copy) == answers(library)
    assert not [found for found in copy.verify(deep=True).findings if not found.harmless]


def test_the_next_night_of_the_copy_reads_and_embeds_nothing(library: Library, tmp_path: Path) -> None:
    copy = imported(library, tmp_path / "copy")
    summary = copy.reindex()
    assert (summary.new, summary.changed, summary.removed, summary.embedded) == (0, 0, 0, 0)
    assert [source.uri for source in copy.sources()] == [source.uri for source in library.sources()]
    assert [row.question for row in copy.golden()] == ["how many boats has the quay?"]


def test_what_was_removed_or_purged_stays_away(library: Library, tmp_path: Path) -> None:
    copy = imported(library, tmp_path / "copy")
    kept = {document.uri for document in copy.documents()}
    shutil.copy(tmp_path / "docs" / "purged.txt", tmp_path / "docs" / "again.txt")
    copy.reindex()
    assert {document.uri for document in copy.documents()} == kept
    assert sorted(one.kind for one in copy.removed()) == ["purged", "removed"]
    assert not any(SECRET.encode() in path.read_bytes() for path in copy.folder.rglob("*") if path.is_file())


def test_a_file_that_is_gone_is_removed_from_the_copy(library: Library, tmp_path: Path) -> None:
    copy = imported(library, tmp_path / "copy")
    (tmp_path / "docs" / "twice.txt").unlink()
    assert copy.reindex(accept_removals=True).removed == 1
    assert file_uri(str(tmp_path / "docs" / "twice.txt")) not in {document.uri for document in copy.documents()}


def test_a_library_is_migrated_to_another_folder(library: Library, tmp_path: Path) -> None:
    moved = library.migrate(tmp_path / "copy")
    assert moved.library == str(tmp_path / "copy")
    assert answers(opened(tmp_path / "copy")) == answers(library)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "docs", "library"]


@pytest.mark.parametrize("occupy", [Path.touch, lambda path: path.mkdir() or (path / "x").touch()])
def test_nothing_that_exists_is_replaced(library: Library, tmp_path: Path, occupy: object) -> None:
    library.export(tmp_path / "export")
    occupy(tmp_path / "copy")  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"exists|not empty"):
        opened(tmp_path / "copy").import_export(tmp_path / "export")


def test_a_damaged_export_fills_nothing(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "export")
    path = tmp_path / "export" / "passages.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match=r"passages\.parquet is not what was written"):
        opened(tmp_path / "copy").import_export(tmp_path / "export")
    assert not (tmp_path / "copy").exists()


def test_a_copy_that_finds_too_little_is_not_published(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.export(tmp_path / "export")
    monkeypatch.setattr(proof, "LEAST_OVERLAP", 1.01)
    with pytest.raises(Refused, match=r"finds only 100\.0% of the nearest passages"):
        opened(tmp_path / "copy").import_export(tmp_path / "export")
    assert not (tmp_path / "copy").exists()
    monkeypatch.undo()
    assert opened(tmp_path / "copy").import_export(tmp_path / "export").resumed


def test_a_copy_that_lacks_a_document_is_not_published(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.export(tmp_path / "export")
    grouped = filling.grouped
    monkeypatch.setattr(
        filling, "grouped", lambda *arguments: ([one] for group in grouped(*arguments) for one in group[1:])
    )
    with pytest.raises(Refused, match="nothing was published"):
        opened(tmp_path / "copy").import_export(tmp_path / "export")
    assert not (tmp_path / "copy").exists()


def test_another_export_does_not_resume_a_copy(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.export(tmp_path / "first")
    monkeypatch.setattr(proof, "LEAST_OVERLAP", 1.01)
    with pytest.raises(Refused):
        opened(tmp_path / "copy").import_export(tmp_path / "first")
    monkeypatch.undo()
    library.ingest_stream("note", b"Another note on another ferry.")
    second = library.export(tmp_path / "second")
    moved = opened(tmp_path / "copy").import_export(tmp_path / "second")
    assert (moved.resumed, moved.documents) == (False, second.documents)
    assert opened(tmp_path / "copy").export(tmp_path / "third").identity == second.identity


def test_the_folder_of_an_export_is_private(library: Library, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        library.export(tmp_path / "export")
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "export").iterdir()}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o700
