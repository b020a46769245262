"""The file that is written piece by piece is the one that FAISS writes."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from wherein.storage.index.flat_file import write_flat


@pytest.mark.parametrize(("count", "dimension", "step"), [(0, 8, 1), (1, 8, 1), (1000, 384, 64), (257, 3, 256)])
def test_byte_for_byte(tmp_path: Path, count: int, dimension: int, step: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((count, dimension)).astype(np.float32)
    ids = np.arange(count, dtype=np.int64) * 3 + 2**40
    index = faiss.IndexIDMap(faiss.IndexFlatIP(dimension))
    if count:
        index.add_with_ids(vectors, ids)
    faiss.write_index(index, str(tmp_path / "whole"))
    parts = ((ids[i : i + step], vectors[i : i + step]) for i in range(0, count, step))
    digest = write_flat(tmp_path / "parts", count, dimension, parts)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()
    import hashlib

    assert digest == hashlib.sha256((tmp_path / "whole").read_bytes()).hexdigest()


def test_another_number_of_vectors_is_an_error(tmp_path: Path) -> None:
    parts = [(np.zeros(1, np.int64), np.zeros((1, 4), np.float32))]
    with pytest.raises(ValueError, match="1 vectors instead of 2"):
        write_flat(tmp_path / "file", 2, 4, parts)
