"""What the catalog holds of passages and vectors."""

from pathlib import Path

from wherein.search import passage_lookup
from wherein.storage.catalog.connection import open_reader


def test_the_vectors_of_candidates_are_looked_up_one_by_one(folder: Path) -> None:
    """SQLite, left to choose, reads all vectors of the model: 130 ms a question over 5,000 of them."""
    db = open_reader(folder)
    asked = ", ".join("?" * 100)
    for statement, values in ((passage_lookup._VECTORS, range(101)), (passage_lookup._CHUNKS, range(100))):
        plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + statement.format(asked), list(values)).fetchall()]
        assert len(plan) > 1
        assert not any("(model_id=?)" in step or step.startswith("SCAN") for step in plan), plan
