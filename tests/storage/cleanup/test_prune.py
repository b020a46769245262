"""What a reindex cleans up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalogs import document, hashes, save, store, store_range, unit_vectors, vector_ids
from wherein.storage.catalog.connection import CATALOG, checkpoint, writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.cleanup.prune import ORPHAN_DAYS, prune
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import list_generations


def test_an_orphan_is_kept_for_30_days(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store(db, model, hashes(0, 4), unit_vectors(4))
    save(db, document("a", hashes(0, 1)))
    assert prune(db, tmp_path) == []
    for number, days in ((1, ORPHAN_DAYS + 1), (2, ORPHAN_DAYS + 1), (3, ORPHAN_DAYS - 1)):
        stamp = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        with writing(db, "test"):
            db.execute("UPDATE vectors SET orphaned_at = ? WHERE id = ?", [stamp, number])
    assert prune(db, tmp_path) == ["1 vector without a passage deleted"]
    assert vector_ids(db) == [1, 3, 4]  # the first has its chunk again
    assert db.execute("SELECT orphaned_at IS NULL FROM vectors ORDER BY id").fetchall() == [(1,), (0,), (0,)]


def test_of_two_exact_generations_the_active_one_has_a_file(db: Database, tmp_path: Path, model: StoredModel) -> None:
    for first in range(3):
        store_range(db, model, first, first + 1)
        write_generation(db, tmp_path, model)
    assert prune(db, tmp_path) == []
    assert sorted(path.name for path in (tmp_path / "generations").iterdir()) == ["000003.faiss"]
    assert [one.file for one in list_generations(db)] == ["000002.faiss", "000003.faiss"]


@pytest.mark.parametrize(("least", "freed"), [(1 << 20, True), (1 << 30, False)])
def test_many_free_pages_are_given_back(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int, freed: bool
) -> None:
    monkeypatch.setattr("wherein.storage.cleanup.prune._MIN_FREE_BYTES", least)
    save(db, document("a", text="x" * 3_000_000), document("b", text="still here"))
    checkpoint(db)
    with writing(db, "test"):
        db.execute("DELETE FROM documents WHERE uri = 'a'")
    assert prune(db, tmp_path) == (["3 MB freed"] if freed else [])
    checkpoint(db)
    assert ((tmp_path / CATALOG).stat().st_size < 1_000_000) == freed
    assert db.execute("SELECT text FROM texts").fetchall() == [("still here",)]
