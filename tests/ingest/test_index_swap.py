"""A new index replaces the old one if it passes its checks and answers the golden questions no worse."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from toy import ToyEncoder
from wherein.errors import Refused
from wherein.ingest.index_swap import Check, compare, renew
from wherein.ingest.progress.reindex_report import recorded
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.index.generations import KINDS, active_generation

QUESTIONS = {1: "who signs?", 2: "who pays?", 3: "who leaves?"}


def check(after: Mapping[int, int], margin: float = 5.0) -> Check:
    return Check(None, lambda: after, QUESTIONS, margin)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({1: 1, 2: 2}, {1: 1, 2: 2}),
        ({1: 0, 2: 2}, {1: 3, 2: 1}),
        ({1: 10}, {1: 20}),  # by 5 points, which is the margin
        ({1: 1, 2: 2}, {1: 2, 2: 1}),
    ],
)
def test_answers_that_are_no_worse_by_more_than_the_margin_pass(before: dict[int, int], after: dict[int, int]) -> None:
    compare(before, after, check(after))


def test_worse_answers_are_refused_with_the_questions_that_lost() -> None:
    with pytest.raises(Refused) as refused:
        compare({1: 1, 2: 2, 3: 1}, {1: 4, 2: 2, 3: 0}, check({}))
    assert str(refused.value) == (
        "The golden questions would be answered worse: their mean reciprocal rank falls by 58.3 points, more than"
        " --margin 5 (who signs? rank 1, then 4; who leaves? rank 1, then none); nothing was swapped"
    )


def test_at_most_five_questions_are_shown() -> None:
    before = dict.fromkeys(range(9), 1)
    with pytest.raises(Refused) as refused:
        compare(before, dict.fromkeys(range(9), 0), Check(None, dict, {n: f"question {n}?" for n in range(9)}, 0.0))
    assert str(refused.value).count("rank 1, then none") == 5


def save(db: Database, model: StoredModel, encoder: ToyEncoder, number: int) -> None:
    text = f"Lot {number} has {number * 7} barrels."
    name = content_hash(text)
    with writing(db, "test"):
        save_vectors(db, model.id, [name], np.asarray(encoder.encode_contexts([text])))
        chunks = [ChunkRow(0, len(text), name, None, ())]
        save_document(db, DocumentRow(f"stdin:{number}", None, "", "text/plain", text, {}, (), chunks))


def test_an_index_that_is_behind_is_renewed(
    db: Database, folder: Path, stored: StoredModel, encoder: ToyEncoder
) -> None:
    for number in range(3):
        save(db, stored, encoder, number)
    ranks = iter([{1: 1}, {1: 1}, {1: 1}])
    with recorded(db, folder, lambda _: None) as recorder:
        assert renew(db, folder, stored, Check(None, lambda: next(ranks), QUESTIONS, 5.0), recorder)
        assert recorder.index_check is not None
        assert recorder.index_check.recall == 1
        assert not renew(db, folder, stored, check({}), recorder)
    assert next(ranks, None) is None  # asked before, and for each kind of index


def test_a_refused_index_leaves_the_old_one_in_force(
    db: Database, folder: Path, stored: StoredModel, encoder: ToyEncoder
) -> None:
    save(db, stored, encoder, 0)
    with recorded(db, folder, lambda _: None) as recorder:
        renew(db, folder, stored, check({1: 1}), recorder)
        active = [active_generation(db, kind) for kind in KINDS]
        save(db, stored, encoder, 1)
        ranks = iter([{1: 1}, {1: 0}])
        with pytest.raises(Refused, match=r"falls by 100\.0 points"):
            renew(db, folder, stored, Check(None, lambda: next(ranks), QUESTIONS, 5.0), recorder)
    assert [active_generation(db, kind) for kind in KINDS] == active
