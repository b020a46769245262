"""What a user may filter by is counted once for each filter and state."""

import sqlite3
from dataclasses import replace
from datetime import date

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save, store, unit_vectors
from wherein.errors import UsageError
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.documents import DocumentRow
from wherein.storage.catalog.models import StoredModel
from wherein.storage.filters.condition import Comparison
from wherein.storage.filters.facets import FacetCounter, Facets, folders_of
from wherein.storage.filters.selection import Filter


@pytest.fixture
def counted(db: Database, model: StoredModel) -> Database:
    store(db, model, hashes(0, 5), unit_vectors(5))
    save(
        db,
        document("file:///docs/a/x.txt", hashes(0, 1)),
        made("file:///docs/b.md", 1, "text/markdown", year=2024, tags=["x", "y", "x"]),
        made("file:///docs/a/c/z.md#1", 2, "text/markdown", year="2024", done=True),
        made("https://example.com/page/1", 3, "text/html", rate=0.5, none=None),
        document("stdin:memo/2", hashes(4, 5)),
    )
    return db


def made(uri: str, name: int, media_type: str, **metadata: object) -> DocumentRow:
    return replace(document(uri, hashes(name, name + 1)), media_type=media_type, metadata=metadata)


def count(db: Database | sqlite3.Connection, filter_: Filter = Filter(), counter: FacetCounter | None = None) -> Facets:  # noqa: B008
    with snapshot(db):
        return (counter or FacetCounter()).count(db, filter_)


def test_everything_is_counted(counted: Database) -> None:
    facets = count(counted)
    assert facets.documents == 5
    assert facets.types == {"text/plain": 2, "text/markdown": 2, "text/html": 1}
    assert facets.folders == {
        "file:///docs": 3, "file:///docs/a": 2, "file:///docs/a/c": 1, "https://example.com/page": 1,
        "https://example.com": 1, "stdin:": 1,
    }  # fmt: skip
    assert facets.days == {date.today(): 5}
    assert facets.fields == {
        "year": {"2024": 2},
        "tags": {"x": 1, "y": 1},
        "done": {"true": 1},
        "none": {},
        "rate": {},
        "a": {"1": 2},
    }


@pytest.mark.parametrize(
    ("filter_", "documents"),
    [
        (Filter(media_types=("text/markdown",)), 2),
        (Filter(uri_patterns=("file:///docs/a/.*",)), 2),
        (Filter(where=Comparison("year", "=", ("2024",))), 2),
        (Filter(since_ns=2**62), 0),
        (Filter(media_types=("text/markdown",), uri_patterns=("stdin:.*",)), 0),
    ],
)
def test_only_what_passes_is_counted(counted: Database, filter_: Filter, documents: int) -> None:
    facets = count(counted, filter_)
    assert (facets.documents, sum(facets.types.values()), sum(facets.days.values())) == (documents,) * 3


def test_a_field_that_no_document_has_is_refused(counted: Database) -> None:
    with pytest.raises(UsageError, match="No document has a field color"):
        count(counted, Filter(where=Comparison("color", "=", ("red",))))


def test_a_field_with_too_many_values_is_nothing_to_choose_from(counted: Database) -> None:
    rows = [replace(document(f"stdin:{n}", ()), metadata={"id": n, "of": "x"}) for n in range(1_001)]
    save(counted, *rows)
    assert "id" not in count(counted).fields
    assert count(counted).fields["of"] == {"x": 1_001}


def test_they_are_counted_again_after_a_commit_alone(counted: Database, reader: sqlite3.Connection) -> None:
    counter = FacetCounter()
    first = count(reader, counter=counter)
    assert count(reader, counter=counter) is first
    save(counted, document("stdin:new", ()))
    assert count(reader, counter=counter).documents == 6


@pytest.mark.parametrize(
    ("uri", "folders"),
    [
        ("file:///a/b", ["file:///a/b", "file:///a"]),
        ("https://x.org/a", ["https://x.org/a", "https://x.org"]),
        ("stdin:", ["stdin:"]),
        ("", []),
    ],
)
def test_a_folder_lies_in_others(uri: str, folders: list[str]) -> None:
    assert folders_of(uri) == folders
