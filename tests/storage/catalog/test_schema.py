"""The number of a catalog's schema."""

import pytest
from sqlite_utils import Database

from wherein.errors import Damaged
from wherein.storage.catalog.migrations import MIGRATIONS
from wherein.storage.catalog.schema import NEWEST_SCHEMA, has_tables, migrate, schema_of


def test_an_empty_database_has_schema_0_and_is_migrated_to_the_newest() -> None:
    db = Database(memory=True)
    assert not has_tables(db)
    assert schema_of(db) == 0
    migrate(db)
    assert has_tables(db)
    assert schema_of(db) == NEWEST_SCHEMA
    migrate(db)
    assert schema_of(db) == NEWEST_SCHEMA


def test_the_newest_schema_is_the_number_of_migrations() -> None:
    assert len(MIGRATIONS.pending(Database(memory=True))) == NEWEST_SCHEMA


@pytest.mark.parametrize(("before", "number"), [("m0002_row_checksums", 1), ("m0005_web_sources", 4)])
def test_the_schema_is_the_number_of_migrations_applied(before: str, number: int) -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db, stop_before=before)
    assert schema_of(db) == number
    migrate(db)
    assert schema_of(db) == NEWEST_SCHEMA


def test_tables_without_a_record_of_migrations_are_damage() -> None:
    db = Database(memory=True)
    db.execute("CREATE TABLE documents (id INTEGER)")
    with pytest.raises(Damaged, match="does not say which schema it has; run: wherein verify"):
        schema_of(db)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE _sqlite_migrations SET migration_set = 'whereIn' WHERE id = 3",
        "UPDATE _sqlite_migrations SET name = 'm0007' WHERE id = 3",
        "UPDATE _sqlite_migrations SET name = x'6d30303033' WHERE id = 3",
        "DELETE FROM _sqlite_migrations WHERE id = 3",
    ],
)
def test_a_damaged_record_of_migrations_is_no_older_schema(damage: str) -> None:
    db = Database(memory=True)
    migrate(db)
    db.execute(damage)
    with pytest.raises(Damaged, match="The record of the catalog's schema is damaged; run: wherein verify"):
        schema_of(db)
