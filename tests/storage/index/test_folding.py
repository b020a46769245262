"""When a generation is due, and what a fold keeps."""

from pathlib import Path

from sqlite_utils import Database

from catalogs import store_range
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import count_vectors
from wherein.storage.index.folding import fold_if_due
from wherein.storage.index.generations import active_generation


def test_a_delta_with_gaps_is_folded_when_it_is_long_enough(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store_range(db, model, 0, 2)
    assert fold_if_due(db, tmp_path, model, at_least=0)
    assert not fold_if_due(db, tmp_path, model, at_least=0)
    store_range(db, model, 2, 8)
    with writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE id BETWEEN 3 AND 5")
    assert count_vectors(db, model.id, 2) == 3
    assert not fold_if_due(db, tmp_path, model, at_least=3)
    assert fold_if_due(db, tmp_path, model, at_least=2)
    generation = active_generation(db)
    assert generation is not None
    assert (generation.count, generation.highest_id) == (5, 8)
