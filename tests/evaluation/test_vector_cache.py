"""Vectors kept in a folder that may be lost or damaged."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from wherein.evaluation.vector_cache import read_vectors, store_vectors


def test_a_folder_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    vectors = np.ones((2, 3), np.float32)
    store_vectors(tmp_path / "file" / "a.vectors", vectors)
    assert read_vectors(tmp_path / "file" / "a.vectors", 2) is None


def test_the_oldest_files_are_removed_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.evaluation.vector_cache._MAX_BYTES", 100)
    for name in ("a", "b", "c"):  # 44 bytes each
        store_vectors(tmp_path / f"{name}.vectors", np.ones((1, 3), np.float32))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.vectors", "c.vectors"]


def test_vectors_are_read_as_they_were_stored(tmp_path: Path) -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "new" / "a.vectors"
    store_vectors(path, vectors)
    found = read_vectors(path, 2)
    assert found is not None
    np.testing.assert_array_equal(found, vectors)
    assert found.flags.writeable
    assert [other.name for other in path.parent.iterdir()] == ["a.vectors"]


@pytest.mark.parametrize("cut", [0, 31, 32, 33, -1])
def test_a_file_that_was_cut_off_is_not_read(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.vectors"
    store_vectors(path, np.ones((2, 3), np.float32))
    path.write_bytes(path.read_bytes()[:cut])
    assert read_vectors(path, 2) is None


def test_no_file_and_an_empty_one_are_no_vectors(tmp_path: Path) -> None:
    (tmp_path / "empty.vectors").write_bytes(hashlib.sha256(b"").digest())
    assert read_vectors(tmp_path / "empty.vectors", 0) is None
    assert read_vectors(tmp_path / "a.vectors", 2) is None
