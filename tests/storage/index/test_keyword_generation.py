"""A generation of keywords against the same counts collected in memory."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from keyword_oracle import WORDS, bound, save
from wherein.storage.catalog.connection import open_writer
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.index.generation_files import load_postings
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, active_generation
from wherein.storage.index.postings import collect


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("batch", [10, 100, 1_000_000])
def test_the_file_holds_what_is_collected_in_memory(
    db: Database, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.storage.index.postings_writer._SORT_BATCH", batch)
    model = bound(db)
    for n in range(40):
        save(db, str(n), f"word{n} and {' '.join(WORDS[: n % 11])} number{n * n % 7}", title=f"title{n % 3}")
    generation = write_generation(db, tmp_path, model, KEYWORDS)
    assert active_generation(db, KEYWORDS) == generation
    assert active_generation(db) is None
    held, expected = load_postings(tmp_path, generation), collect(read_terms(db))
    for name in ("ids", "lengths"):
        np.testing.assert_array_equal(getattr(held, name), getattr(expected, name), name)
    for term in expected.terms.tolist():
        found, wanted = held.find(term), expected.find(term)
        np.testing.assert_array_equal(np.flatnonzero(found.mask(len(held.ids))), wanted.positions)
        for name in ("body", "fields"):
            counts = getattr(found, name)
            counts = counts if found.positions is not None else counts[wanted.positions]
            np.testing.assert_array_equal(counts, getattr(wanted, name), name)
    assert sorted(path.name for path in (tmp_path / "generations").iterdir()) == [generation.file]
