"""Of the copies of one text the first few stand for all."""

from typing import Any

import pytest

from wherein.search.copies import first_copies, with_texts


@pytest.mark.parametrize(
    ("most", "kept"), [(None, [5, 1, 4, 2, 3]), (1, [5, 4]), (2, [5, 1, 4, 2]), (3, [5, 1, 4, 2, 3])]
)
def test_the_first_copies_stay_in_order(most: int | None, kept: list[int]) -> None:
    assert first_copies([(5, "a"), (1, "a"), (4, "b"), (2, "b"), (3, "a")], most) == kept


def test_copies_are_recognized_by_the_hashes_of_their_texts(db: Any) -> None:
    rows = db.execute("SELECT c.id, d.title FROM chunks c JOIN documents d ON d.id = c.document_id").fetchall()
    names = dict(rows)
    texts = dict(with_texts(db, list(names)))
    assert len(texts) == 3
    assert len(set(texts.values())) == 2
    assert {names[chunk] for chunk in first_copies(texts.items(), 1)} == {"lease", "cats"}
