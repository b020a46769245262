"""Sources as a user names them, and as a library remembers them."""

from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.library.documents import remove_documents
from wherein.library.ingesting import RunFactory, ingest_sources
from wherein.library.opening import open_for_reading, open_for_writing
from wherein.library.sources import SourceRequest, remove_source
from wherein.storage.catalog.documents import count_documents
from wherein.storage.catalog.fields import Fields
from wherein.storage.catalog.reading import Reading
from wherein.storage.catalog.sources import Source, list_sources
from wherein.uri import file_uri

FIELDS = Fields("body", "key", "name")


def stored(runs: RunFactory) -> list[Source]:
    db = open_for_reading(runs.folder)
    try:
        return list_sources(db)
    finally:
        db.close()


def test_relative_paths_and_a_tilde_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "notes").mkdir()
    for name in ("notes", "./notes/", "~/notes", "notes/../notes", str(tmp_path / "notes")):
        assert SourceRequest.of([name]).kinds == {f"{tmp_path}/notes": "path"}


@pytest.mark.parametrize("name", ["missing.txt", "link", "d/../missing.txt"])
def test_a_pattern_is_a_source_and_a_missing_file_or_broken_link_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert SourceRequest.of([f"{tmp_path}/*.md"]).kinds == {f"{tmp_path}/*.md": "path"}
    with pytest.raises(UsageError) as caught:
        SourceRequest.of([str(tmp_path), name])
    assert str(caught.value) == f"There is no file or folder {name}"


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_an_empty_name_or_pattern_is_refused(runs: RunFactory, tmp_path: Path, name: str) -> None:
    for refused in (
        lambda: SourceRequest.of([name]),
        lambda: SourceRequest.of([str(tmp_path)], exclude=["a", name]),
        lambda: remove_source(runs.folder, name),
    ):
        with pytest.raises(UsageError, match="empty"):
            refused()


def test_the_uris_of_a_request_are_those_of_its_paths_and_pages(tmp_path: Path) -> None:
    request = SourceRequest.of([str(tmp_path), "https://example.org/a b"])
    assert request.uris == {file_uri(str(tmp_path)), "https://example.org/a%20b"}


def test_a_preview_is_what_is_then_remembered_and_writes_nothing(runs: RunFactory, docs: Path, tmp_path: Path) -> None:
    request = SourceRequest.of([str(docs), str(tmp_path)], ["*.log"], 1_000, Reading(FIELDS))
    before = stored(runs)
    with open_for_writing(runs.folder, wait=False) as db:
        preview = request.preview(db)
        assert list_sources(db) == before
        remembered = request.remember(db)
    assert [(source.uri, source.kind, source.exclude, source.max_size, source.fields) for source in remembered] == [
        (str(docs), "path", ("*.log",), 1_000, FIELDS),
        (str(tmp_path), "path", ("*.log",), 1_000, FIELDS),
    ]
    assert [source.id for source in preview] == [before[0].id, 0]  # 0 for one that is not stored yet
    assert [(source.uri, source.exclude, source.max_size, source.fields) for source in preview] == [
        (source.uri, source.exclude, source.max_size, source.fields) for source in remembered
    ]


def test_only_the_sources_of_the_request_are_returned(runs: RunFactory, docs: Path, tmp_path: Path) -> None:
    with open_for_writing(runs.folder, wait=False) as db:
        remembered = SourceRequest.of([str(tmp_path)]).remember(db)
        assert [source.uri for source in remembered] == [str(tmp_path)]
        assert [source.uri for source in list_sources(db)] == [str(docs), str(tmp_path)]


def test_a_purged_document_comes_back_once_it_is_named(runs: RunFactory, docs: Path) -> None:
    remove_documents(runs.folder, [str(docs / "1.txt")], purge=True)
    assert ingest_sources(runs, SourceRequest.of([str(docs)])).new == 0
    assert ingest_sources(runs, SourceRequest.of([str(docs / "1.txt")])).new == 1


def test_a_source_is_removed_by_its_path_or_its_number_and_its_documents_stay(
    runs: RunFactory, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_for_writing(runs.folder, wait=False) as db:
        (page,) = SourceRequest.of(["https://example.org/"]).remember(db)
    with pytest.raises(UsageError) as caught:
        remove_source(runs.folder, "elsewhere")
    assert str(caught.value) == "There is no source elsewhere; see: wherein sources list"
    assert remove_source(runs.folder, "docs").source.uri == str(docs)  # type: ignore[union-attr]
    assert remove_source(runs.folder, "HTTPS://example.org#top").source == page
    assert stored(runs) == []
    with open_for_writing(runs.folder, wait=False) as db:
        (source,) = SourceRequest.of([str(docs)]).remember(db)
    assert remove_source(runs.folder, str(source.id)).name == str(docs)
    db = open_for_reading(runs.folder)
    assert count_documents(db) == 12
    db.close()
