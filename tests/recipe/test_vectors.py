"""Texts through the torch network, in groups, and kept on disk."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training is torch's; install wherein[recipe]")
pytest.importorskip("bm25s", reason="the training mines with bm25s; install wherein[recipe]")
from wherein.recipe import body, vectors  # noqa: E402


def test_groups_hold_every_row_once_and_few_tokens():
    lengths = [5, 30, 7, 7, 100, 3, 29, 12]
    parts = vectors.groups(lengths, 60)
    assert sorted(row for part in parts for row in part) == list(range(8))
    assert all(len(part) == 1 or max(lengths[row] for row in part) * len(part) <= 60 for part in parts)
    assert parts[0] == [4]


def test_vectors_come_in_the_order_of_the_texts(base, words):
    network = body.build(base)
    rows = [words.encode("old " * count).ids for count in (3, 90, 1, 300, 2)]
    together = vectors.encode_frozen(network, rows)
    for row, vector in zip(rows, together, strict=True):
        assert vectors.encode_frozen(network, [row])[0] == pytest.approx(vector, abs=1e-6)


def test_kept_vectors_are_made_once_and_a_stop_costs_one_part(base, words, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(vectors, "CHUNK", 2)
    network, rows = body.build(base), [words.encode("old " * count).ids for count in range(1, 6)]
    first = vectors.encode_cached(tmp_path, network, rows)
    assert first.shape == (5, 16)
    assert first == pytest.approx(vectors.encode_frozen(network, rows), abs=1e-6)
    (tmp_path / "4.npy").unlink()
    capsys.readouterr()
    assert np.array_equal(vectors.encode_cached(tmp_path, network, rows), first)
    assert capsys.readouterr().out == "5 of 5 texts through the unmodified model\n"
