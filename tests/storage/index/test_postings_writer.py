"""Postings are the same whatever the memory they are sorted in."""

import hashlib
from pathlib import Path

import pytest

from chunks_of_terms import Chunk, rows
from wherein.storage.index import postings_writer as module
from wherein.storage.index.postings_layout import check_postings
from wherein.storage.index.postings_writer import write_postings

CHUNKS: list[Chunk] = [{(n * k * 7919) % 2**20 << 20 | k: (n % 20 + 1, k % 3) for k in range(1, 9)} for n in range(60)]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_any_number_of_partitions_gives_the_same_file(
    tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, entries = [rows(CHUNKS[:31]), rows(CHUNKS[31:], 63)], sum(map(len, CHUNKS))
    digest = write_postings(tmp_path / "whole", 60, 119, entries, whole)
    monkeypatch.setattr(module, "_SORT_BATCH", batch)
    assert write_postings(tmp_path / "parts", 60, 119, entries, whole) == digest
    assert hashlib.sha256((tmp_path / "parts").read_bytes()).hexdigest() == digest
    assert check_postings(tmp_path / "parts", 60, 119) == entries
    assert sorted(one.name for one in tmp_path.iterdir()) == ["parts", "whole"]


@pytest.mark.parametrize(("count", "highest"), [(2, 5), (4, 5), (3, 6)])
def test_rows_of_other_chunks_are_an_error(tmp_path: Path, count: int, highest: int) -> None:
    with pytest.raises(ValueError, match=f"3 passages instead of {count}, or others"):
        write_postings(tmp_path / "file", count, highest, 3, [rows([{1: (1, 0)}] * 3)])
