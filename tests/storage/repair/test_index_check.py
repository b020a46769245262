"""A new index that is not fit to answer is refused, with the reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from catalogs import DIMENSION, hashes, store, unit_vectors
from wherein.errors import Refused
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.flat_file import write_flat
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation, register_generation
from wherein.storage.index.method import Method
from wherein.storage.repair.deep_check import Proof
from wherein.storage.repair.index_check import IndexCheck, check_index


def active(db: Database, kind: str = "exact") -> Generation:
    generation = active_generation(db, kind)
    assert generation is not None
    return generation


def test_a_sound_index_finds_all_of_the_nearest(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    check = check_index(library_db, library, library_model, active(library_db), None)
    assert check is not None
    assert (check.recall, check.proved) == (1.0, 0)
    proof = Proof(lambda texts, _: np.zeros(len(texts)), 0)
    assert check_index(library_db, library, library_model, active(library_db), proof) == replace(check, proved=4)


def test_an_index_without_vectors_is_fit(tmp_path: Path, db: Database, model: StoredModel) -> None:
    generation = write_generation(db, tmp_path, model)
    assert check_index(db, tmp_path, model, generation, None) == IndexCheck(1.0, 0, 0)


def test_of_a_keyword_index_only_the_file_is_checked(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    generation = active(library_db, KEYWORDS)
    assert check_index(library_db, library, library_model, generation, None) is None
    (library / "generations" / generation.file).unlink()
    with pytest.raises(Refused) as caught:
        check_index(library_db, library, library_model, generation, None)
    assert str(caught.value) == (
        "The new index 000002.keywords is damaged: No such file or directory; the old one stays"
    )


def test_a_model_that_computes_other_vectors_is_named(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    proof = Proof(lambda texts, _: np.ones(len(texts)), 0.5)
    with pytest.raises(Refused, match=r"^The model no longer computes the vectors that are stored \(vector \d: its dist"
                                      r"ance from the model's vector for its text is 1\); the old index stays, check"
                                      r" the model with: wherein verify --deep$"):  # fmt: skip
        check_index(library_db, library, library_model, active(library_db), proof)


def test_an_index_that_misses_the_nearest_is_refused(tmp_path: Path, db: Database, model: StoredModel) -> None:
    store(db, model, hashes(0, 80), unit_vectors(80))
    generation = write_generation(db, tmp_path, model)
    path = tmp_path / "generations" / "000002.faiss"
    digest = write_flat(path, 80, DIMENSION, [(np.arange(1, 81), unit_vectors(80, seed=1))])
    with writing(db, "test"):
        other = register_generation(
            db, replace(generation, file=path.name, sha256=digest, bytes=path.stat().st_size, method=Method())
        )
    with pytest.raises(Refused, match=r"^The new index finds only [1-4]\d\.\d % of the 10 nearest vectors; the old one"
                                      r" stays$"):  # fmt: skip
        check_index(db, tmp_path, model, other, None)
