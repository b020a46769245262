"""What the catalog holds of passages and vectors, looked up by their ids."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.errors import Damaged
from wherein.search import passage_lookup
from wherein.search.passage_lookup import PassageLookup
from wherein.storage.catalog import batches
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.terms import terms_of
from wherein.storage.filters.selection import Selection


@pytest.fixture
def lookup(db: Any) -> PassageLookup:
    return PassageLookup(db, bound_model(db))


@pytest.fixture
def chunks(db: Any) -> dict[str, int]:
    """The ids of the passages by the names of their files."""
    rows = db.execute("SELECT d.uri, c.id FROM chunks c JOIN documents d ON d.id = c.document_id").fetchall()
    return {uri.rpartition("/")[2].removesuffix(".txt"): chunk for uri, chunk in rows}


def test_the_passages_of_a_vector_that_two_documents_share(
    lookup: PassageLookup, db: Any, chunks: dict[str, int]
) -> None:
    ids = [vector_id for (vector_id,) in db.execute("SELECT id FROM vectors ORDER BY id").fetchall()]
    found = lookup.of_vectors([*ids, max(ids) + 1])
    assert found.keys() == set(ids)
    assert sorted(found.values()) == sorted([sorted([chunks["lease"], chunks["copy"]]), [chunks["cats"]]])


@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_first_passages_of_vectors_are_those_of_the_present_state(
    change: Callable[..., None], lookup: PassageLookup, db: Any, chunks: dict[str, int], most: int
) -> None:
    ids = [vector_id for (vector_id,) in db.execute("SELECT id FROM vectors ORDER BY id").fetchall()]
    kept = PassageLookup(db, None)

    def first(version: int) -> dict[int, list[int]]:
        kept.begin(version)
        found = [kept.of_vectors([*ids, max(ids) + 1], most) for _ in range(2)]
        assert found[0] == found[1]
        return found[0]

    assert first(1) == {vector_id: found[:most] for vector_id, found in lookup.of_vectors(ids).items()}
    change("DELETE FROM chunks WHERE id = ?", min(chunks["lease"], chunks["copy"]))
    assert sorted(first(2).values()) == sorted([[max(chunks["lease"], chunks["copy"])], [chunks["cats"]]])


def test_terms_come_in_the_order_that_is_asked_for_title_and_headings_first(
    lookup: PassageLookup, chunks: dict[str, int]
) -> None:
    cats, lease = lookup.terms([chunks["cats"], chunks["lease"]])
    assert list(cats) == list(terms_of("cats Cats sleep all day."))
    assert list(lease) == list(terms_of("lease The owner may sign the lease."))
    assert list(lookup.terms([])) == []


def test_terms_of_passages_that_were_stored_before_their_order_was_are_the_same(
    change: Callable[..., None], db: Any, lookup: PassageLookup, chunks: dict[str, int]
) -> None:
    ids = list(chunks.values())
    before = [list(terms) for terms in lookup.terms(ids)]
    assert lookup._stored == {}  # no text was read
    change("UPDATE terms SET term_order = NULL WHERE id <> ?", chunks["cats"])
    older = PassageLookup(db, None)
    assert [list(terms) for terms in older.terms(ids)] == before
    assert chunks["cats"] not in older._stored


def test_a_damaged_order_is_no_other_order_and_the_counts_are_as_before(
    change: Callable[..., None], db: Any, lookup: PassageLookup, chunks: dict[str, int]
) -> None:
    cats = chunks["cats"]
    (before,) = lookup.counted([cats])
    change("UPDATE terms SET term_order = x'0102030405' WHERE id = ?", cats)
    later = PassageLookup(db, None)
    with pytest.raises(Damaged, match=f"The stored words of passage {cats} are damaged; run: wherein verify"):
        later.terms([cats])
    assert later.counted([cats])[0].entries.tolist() == before.entries.tolist()


def test_recent_terms_are_not_read_again_and_those_of_a_lost_text_are_not_kept(
    change: Callable[..., None], db: Any, chunks: dict[str, int]
) -> None:
    change("UPDATE terms SET term_order = NULL")
    change("DELETE FROM texts WHERE document_id = (SELECT document_id FROM chunks WHERE id = ?)", chunks["copy"])
    lookup = PassageLookup(db, None)
    first, _ = lookup.terms([chunks["cats"], chunks["copy"]])
    assert list(lookup._terms) == [chunks["cats"]]
    lookup.begin(1)
    (again,) = lookup.terms([chunks["cats"]])
    assert again is first
    assert lookup._stored == {}


def test_what_was_read_holds_for_one_version(
    change: Callable[..., None], lookup: PassageLookup, chunks: dict[str, int]
) -> None:
    ids, cats = list(chunks.values()), chunks["cats"]
    lookup.begin(1)
    before = lookup.stored(ids), lookup.counted(ids), lookup.vectors(ids)[0], lookup.hit(cats, None)
    change("UPDATE documents SET title = 'dogs' WHERE title = 'cats'")
    change("DELETE FROM terms")
    change("DELETE FROM vectors")
    lookup.begin(1)
    assert (lookup.stored(ids), lookup.counted(ids), lookup.vectors(ids)[0], lookup.hit(cats, None)) == before
    lookup.begin(2)
    assert lookup.stored([cats])[cats].title == "dogs"
    assert lookup.vectors(ids)[0] == []
    with pytest.raises(Damaged, match="The stored words of passage"):
        lookup.counted([cats])
    with pytest.raises(Damaged, match=r"The stored record of .* is damaged"):
        lookup.hit(cats, None)


def test_a_hit_must_be_of_a_selected_document(lookup: PassageLookup, chunks: dict[str, int]) -> None:
    hit, none = lookup.hit(chunks["cats"], None, score=0.5), np.zeros(0, np.int64)
    selected, other = (
        Selection(frozenset([hit.document + more]), none, none, np.zeros(0, np.uint8)) for more in (0, 99)
    )
    assert lookup.hit(chunks["cats"], selected, score=0.5) == hit
    with pytest.raises(Damaged, match="was selected by another document; run: wherein verify"):
        lookup.hit(chunks["cats"], other, score=0.5)


def test_recent_terms_are_bounded(monkeypatch: pytest.MonkeyPatch, db: Any, chunks: dict[str, int]) -> None:
    ids = list(chunks.values())
    expected = [list(terms) for terms in PassageLookup(db, None).terms(ids)]
    monkeypatch.setattr(passage_lookup, "_MAX_TERMS", 2)
    lookup = PassageLookup(db, None)
    for wanted in (ids[:1], ids, ids[::-1]):
        assert [list(terms) for terms in lookup.terms(wanted)] == [expected[ids.index(chunk)] for chunk in wanted]
        assert len(lookup._terms) <= 2


def test_each_passage_has_its_stored_vector(lookup: PassageLookup, chunks: dict[str, int]) -> None:
    vectors = dict(zip(*lookup.vectors(list(chunks.values())), strict=True))
    expected = ToyEncoder().encode_contexts(["The owner may sign the lease.", "Cats sleep all day."])
    assert vectors.keys() == set(chunks.values())
    for name, row in (("lease", 0), ("copy", 0), ("cats", 1)):
        np.testing.assert_array_equal(vectors[chunks[name]], expected[row].astype(np.float16))


def test_what_has_no_row_is_missing(change: Callable[..., None], lookup: PassageLookup, chunks: dict[str, int]) -> None:
    change("DELETE FROM terms WHERE id = ?", chunks["cats"])
    stored = lookup.stored([chunks["cats"], chunks["lease"], 10**6])
    assert stored.keys() == {chunks["cats"], chunks["lease"]}
    assert stored[chunks["cats"]].text == "Cats sleep all day."
    assert [row.ids.tolist() for row in lookup.counted([chunks["lease"]])] == [[chunks["lease"]]]
    with pytest.raises(Damaged, match="The stored words of passage 1000000 are damaged"):
        list(lookup.terms([10**6]))
    with pytest.raises(Damaged, match="Passage 1000000 is in an index but not stored"):
        lookup.hit(10**6, None)


def test_a_changed_vector_is_damage(change: Callable[..., None], lookup: PassageLookup, chunks: dict[str, int]) -> None:
    change("UPDATE vectors SET vector = zeroblob(64)")
    with pytest.raises(Damaged, match="verify"):
        list(lookup.vectors([chunks["cats"]]))


def test_more_ids_than_one_statement_takes(
    lookup: PassageLookup, chunks: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_BATCH_SIZE", 2)
    ids = list(chunks.values())
    assert lookup.stored(ids).keys() == set(lookup.vectors(ids)[0]) == set(ids)
    assert len(list(lookup.terms(ids))) == 3


def test_the_vectors_of_candidates_are_looked_up_one_by_one(folder: Path) -> None:
    """SQLite, left to choose, reads all vectors of the model: 130 ms a question over 5,000 of them."""
    db = open_reader(folder)
    asked = ", ".join("?" * 100)
    for statement, values in ((passage_lookup._VECTORS, range(101)), (passage_lookup._CHUNKS, range(100))):
        plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + statement.format(asked), list(values)).fetchall()]
        assert len(plan) > 1
        assert not any("(model_id=?)" in step or step.startswith("SCAN") for step in plan), plan
