"""Vectors kept in a folder that may be lost or damaged."""

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
