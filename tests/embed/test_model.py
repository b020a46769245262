"""The manifest of a model folder, and its fingerprint."""

import json
from pathlib import Path

import pytest

from bit_flip import flip
from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, Model, fingerprint, load_model
from wherein.errors import Damaged

NO_FILES = json.dumps({**json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8")), "files": []})


def test_fingerprint_differs_by_precision_only(model: Model) -> None:
    prints = [fingerprint(model, name) for name in ("w8a8", "w8a32")]
    assert prints[0] != prints[1]
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in prints)
    assert fingerprint(load_model(), "w8a8") == prints[0] == Encoder(model, "w8a8").fingerprint


@pytest.mark.parametrize("before", ["{", "dimension", "model.bin"])
def test_damaged_manifest(copied: Path, before: str) -> None:
    path = copied / "model.json"
    flip(path, path.read_bytes().index(before.encode()))
    with pytest.raises(Damaged, match=r"model\.json"):
        fingerprint(load_model(copied), "w8a8")


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "{", '{"name": 1}', NO_FILES])
def test_manifest_that_is_none(copied: Path, content: str) -> None:
    (copied / "model.json").write_text(content)
    with pytest.raises(Damaged):
        load_model(copied)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        load_model(tmp_path / "nothing")
