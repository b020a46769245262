"""The structure of a catalog: what SQLite finds, and declarations that are not those of the schema."""

from contextlib import closing
from pathlib import Path

import pytest

from small_library import damage, damage_sqlite_index
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.schema import NEWEST_SCHEMA, schema_of
from wherein.storage.repair.schema_check import new_catalog, only_indexes, schema_problems


def problems(folder: Path) -> list[str]:
    with closing(open_reader(folder)) as db:
        return schema_problems(db)


def test_a_sound_catalog_has_no_problems(library: Path) -> None:
    assert problems(library) == []


def test_an_empty_new_catalog_has_the_newest_schema_and_no_problems() -> None:
    with closing(new_catalog()) as db:
        assert schema_of(db) == NEWEST_SCHEMA
        assert schema_problems(db) == []
        assert db.execute("SELECT count(*) FROM documents").fetchone() == (0,)


def test_a_changed_and_a_missing_declaration_are_named(library: Path) -> None:
    damage(
        library,
        "UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'sources'",
        "DROP INDEX documents_by_file",
    )
    assert sorted(problems(library)) == [
        "the declaration of documents_by_file is not that of this version",
        "the declaration of sources is not that of this version",
    ]


def test_the_table_of_sqlite_utils_may_be_declared_in_another_way(library: Path) -> None:
    damage(library, "UPDATE sqlite_master SET sql = replace(sql, 'CREATE TABLE', 'CREATE  TABLE') "
                    "WHERE name = '_sqlite_migrations'")  # fmt: skip
    assert problems(library) == []


def test_rebuilding_the_indexes_solves_what_concerns_only_them(library: Path) -> None:
    damage_sqlite_index(library)
    found = problems(library)
    assert found == ["row 2 missing from index files_by_content"]
    assert only_indexes(found)
    damage(library, "REINDEX")
    assert problems(library) == []


@pytest.mark.parametrize(
    ("problem", "index_only"),
    [
        ("row 7 missing from index chunks_by_input", True),
        ("row 7 values differ from index chunks_by_input", True),
        ("rowid not at end-of-record for row 7 of index chunks_by_input", True),
        ("wrong # of entries in index sqlite_autoindex_files_1", True),
        ("non-unique entry in index sqlite_autoindex_files_1", True),
        ("NULL value in files.uri", False),
        ("Tree 12 page 12: btreeInitPage() returns error code 11", False),
        ("not a row 7 missing from index chunks_by_input", False),
    ],
)
def test_which_problems_concern_only_indexes(problem: str, index_only: bool) -> None:
    assert only_indexes([problem]) is index_only
    assert not only_indexes(["NULL value in files.uri", problem])
