"""The deep checks name each vector and passage that an index lacks or holds wrongly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sqlite_utils import Database

from small_library import INDEX
from toy import ToyEncoder
from wherein.ingest.title_vectors import encode_titled
from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.term_counts import count_terms, recount, save_terms
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.catalog.vectors import Matrix, find_vectors, save_vectors
from wherein.storage.index.exact_codes import write_exact_codes
from wherein.storage.index.flat_file import write_flat
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation
from wherein.storage.index.method import Method
from wherein.storage.repair.deep_check import Proof, check_index, check_keywords, check_sample


def index_of(db: Database, folder: Path, ids: Sequence[int], vectors: Matrix, *, coded: bool = True) -> Generation:
    """Write an exact index of some vectors in place of the active one; return what would be registered for it."""
    path = folder / "generations" / INDEX
    count, dimension = vectors.shape
    parts = [(np.array(ids, np.int64), vectors)]
    if coded:
        written = write_exact_codes(path, count, dimension, lambda: parts)
        assert written is not None
        method, digest = written
    else:
        method, digest = Method(), write_flat(path, count, dimension, parts)
    generation = active_generation(db)
    assert generation is not None
    return replace(generation, count=len(ids), bytes=path.stat().st_size, sha256=digest, method=method)


def stored(db: Database, model: StoredModel, ids: Sequence[int]) -> Matrix:
    found, vectors = find_vectors(db, model.id, model.dimension, np.array(ids))
    return vectors[np.argsort(found)]


def test_a_sound_index_and_a_missing_one_have_no_faults(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    tally: Counter[str] = Counter()
    generation = active_generation(library_db)
    assert list(check_index(library_db, library, library_model, generation, tally)) == []
    assert tally == {"indexed vectors": 3}
    assert list(check_index(library_db, library, library_model, None, tally)) == []


@pytest.mark.parametrize("coded", [True, False])
def test_a_vector_that_the_index_lacks(
    library: Path, library_db: Database, library_model: StoredModel, coded: bool
) -> None:
    generation = index_of(library_db, library, [1, 3], stored(library_db, library_model, [1, 3]), coded=coded)
    assert list(check_index(library_db, library, library_model, generation, Counter())) == ["it lacks vector 2"]


def test_a_vector_that_differs_in_one_bit(library: Path, library_db: Database, library_model: StoredModel) -> None:
    vectors = stored(library_db, library_model, [1, 2, 3])
    vectors[1, 5] = np.nextafter(vectors[1, 5], np.float32(2))
    generation = index_of(library_db, library, [1, 2, 3], vectors, coded=False)
    assert list(check_index(library_db, library, library_model, generation, Counter())) == [
        "its vector 2 is not the one stored"
    ]


def test_a_code_of_another_vector(library: Path, library_db: Database, library_model: StoredModel) -> None:
    vectors = stored(library_db, library_model, [1, 2, 3])
    vectors[1] *= -1
    generation = index_of(library_db, library, [1, 2, 3], vectors)
    assert list(check_index(library_db, library, library_model, generation, Counter())) == [
        "its vector 2 is not the one stored"
    ]


def test_ids_out_of_order(library: Path, library_db: Database, library_model: StoredModel) -> None:
    path = library / "generations" / INDEX
    data = path.read_bytes()
    path.write_bytes(data[:-24] + data[-16:-8] + data[-24:-16] + data[-8:])
    generation = active_generation(library_db)
    assert list(check_index(library_db, library, library_model, generation, Counter())) == [
        "its ids are not in ascending order"
    ]


def test_a_sound_keyword_index(library: Path, library_db: Database) -> None:
    tally: Counter[str] = Counter()
    generation = active_generation(library_db, KEYWORDS)
    assert generation is not None
    assert list(check_keywords(library_db, library, generation, tally)) == []
    assert tally == {"indexed passages": 3}


@pytest.mark.parametrize("text", ["The lease is signed by the buyer.", "The lease is signed by the owner. The", ""])
def test_a_passage_with_other_word_counts(library: Path, library_db: Database, text: str) -> None:
    with writing(library_db, "test"):
        save_terms(library_db, [(1, count_terms(text, (), "Title"))])
    generation = active_generation(library_db, KEYWORDS)
    assert generation is not None
    assert list(check_keywords(library_db, library, generation, Counter())) == [
        "its word counts of passage 1 are not those stored"
    ]


def test_a_passage_that_the_keyword_index_lacks(
    library: Path, library_db: Database, library_model: StoredModel
) -> None:
    columns = 'id, document_id, ordinal, start, "end", page, heading, input_hash, checksum'
    chunk = library_db.execute(f"SELECT {columns} FROM chunks WHERE id = 2").fetchone()
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM chunks WHERE id = 2")
    generation = write_generation(library_db, library, library_model, KEYWORDS)
    with writing(library_db, "test"):
        library_db.execute(f"INSERT INTO chunks ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", chunk)
        recount(library_db)
    assert list(check_keywords(library_db, library, generation, Counter())) == ["it lacks passage 2"]


def distances(inputs: Sequence[TitledText], vectors: Matrix) -> npt.NDArray[np.float64]:
    return np.linalg.norm(encode_titled(ToyEncoder(), inputs) - vectors, axis=1).astype(np.float64)  # type: ignore[arg-type]


PROOF = Proof(distances, 0.01)


def test_stored_vectors_are_those_of_their_texts(library_db: Database, library_model: StoredModel) -> None:
    for size in (2, 64):
        tally: Counter[str] = Counter()
        assert list(check_sample(library_db, library_model, PROOF, tally, size)) == []
        assert tally == {"proved vectors": min(size, 4)}


@pytest.mark.parametrize("is_titled", [True, False])
def test_the_vector_of_a_titled_passage_is_that_of_text_and_title(
    library_db: Database, library_model: StoredModel, is_titled: bool
) -> None:
    passage = TitledText("Her attorney may sign it too.", "Title")
    embedded = passage if is_titled else TitledText(passage.text)
    with writing(library_db, "test"):
        library_db.execute(
            "UPDATE chunks SET input_hash = ?, checksum = ? WHERE id = 2",
            [passage.name, row_checksum(1, 1, 34, 63, None, "[]", passage.name)],
        )
        vectors = encode_titled(ToyEncoder(), [embedded])  # type: ignore[arg-type]
        save_vectors(library_db, library_model.id, [passage.name], vectors)
    found = [number for number, _ in check_sample(library_db, library_model, PROOF, Counter())]
    assert found == ([] if is_titled else [5])


def test_a_vector_of_another_text_is_named_with_its_distance(library_db: Database, library_model: StoredModel) -> None:
    opposite = -stored(library_db, library_model, [2])
    (name,) = library_db.execute("SELECT input_hash FROM vectors WHERE id = 2").fetchone()
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM vectors WHERE id = 2")
        save_vectors(library_db, library_model.id, [name], opposite)
    assert list(check_sample(library_db, library_model, PROOF, Counter())) == [
        (5, "its distance from the model's vector for its text is 2")
    ]


def test_a_distance_that_is_no_number_is_a_fault(library_db: Database, library_model: StoredModel) -> None:
    proof = Proof(lambda texts, _: np.full(len(texts), np.nan), 0.01)
    assert sorted(check_sample(library_db, library_model, proof, Counter())) == [
        (number, "its distance from the model's vector for its text is nan") for number in (1, 2, 3, 4)
    ]


def test_without_vectors_there_is_nothing_to_prove(library_db: Database, library_model: StoredModel) -> None:
    with writing(library_db, "test"):
        library_db.execute("DELETE FROM vectors")
    tally: Counter[str] = Counter()
    assert list(check_sample(library_db, library_model, PROOF, tally)) == []
    assert not tally
