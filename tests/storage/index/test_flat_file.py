"""The file that is written piece by piece is the one that FAISS writes."""

import hashlib
from pathlib import Path

import faiss
import numpy as np
import pytest

from wherein.storage.index.flat_file import check_flat, write_flat


@pytest.mark.parametrize(("count", "dimension", "step"), [(0, 8, 1), (1, 8, 1), (1000, 384, 64), (257, 3, 256)])
def test_the_file_is_that_of_faiss_byte_for_byte(tmp_path: Path, count: int, dimension: int, step: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((count, dimension)).astype(np.float32)
    ids = np.arange(count, dtype=np.int64) * 3 + 2**40
    index = faiss.IndexIDMap(faiss.IndexFlatIP(dimension))
    if count:
        index.add_with_ids(vectors, ids)
    faiss.write_index(index, str(tmp_path / "whole"))
    parts = ((ids[i : i + step], vectors[i : i + step]) for i in range(0, count, step))
    digest = write_flat(tmp_path / "parts", count, dimension, parts)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
    assert digest == hashlib.sha256((tmp_path / "whole").read_bytes()).hexdigest()


def test_another_number_of_vectors_is_an_error(tmp_path: Path) -> None:
    parts = [(np.zeros(1, np.int64), np.zeros((1, 4), np.float32))]
    with pytest.raises(ValueError, match="1 vectors instead of 2"):
        write_flat(tmp_path / "file", 2, 4, parts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of three vectors of four components, with the ids 2, 3 and 7."""
    write_flat(tmp_path / "file", 3, 4, [(np.array([2, 3, 7]), np.eye(3, 4, dtype=np.float32))])
    return tmp_path / "file"


def test_a_sound_file_has_its_dimension(path: Path, tmp_path: Path) -> None:
    assert check_flat(path, 3, 7) == 4
    write_flat(tmp_path / "empty", 0, 8, [])
    assert check_flat(tmp_path / "empty", 0, 0) == 8


@pytest.mark.parametrize(
    ("count", "highest", "words"),
    [(2, 7, "its header is not that of 2 vectors"), (3, 8, "its last id is 7 instead of 8")],
)
def test_another_file_than_was_registered_is_an_error(path: Path, count: int, highest: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_flat(path, count, highest)


def test_whatever_byte_is_changed_only_vectors_and_ids_may_pass(path: Path) -> None:
    data = path.read_bytes()
    vectors = range(data.index(np.eye(3, 4, dtype="<f4").tobytes()), len(data) - 32)
    ids = range(len(data) - 24, len(data) - 8)
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :])
        if position in vectors or position in ids:
            assert check_flat(path, 3, 7) == 4
        else:
            with pytest.raises(ValueError, match=r"its header|its last id|does not have"):
                check_flat(path, 3, 7)


@pytest.mark.parametrize("size", [0, 3, 60, -1])
def test_a_truncated_file_is_an_error(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"its header|bytes instead of"):
        check_flat(path, 3, 7)
