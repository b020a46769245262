"""The manifest that the recipe writes is one that the encoder reads."""

import hashlib
import json

import pytest

from wherein.embed.model import load_model
from wherein.recipe import manifest, samples, weights
from wherein.recipe.manifest import Origin


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "version", lambda package: f"version of {package}")
    for name in manifest.FILES:
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "train.json").write_bytes(b"texts")
    return tmp_path


@pytest.fixture
def origin(folder):
    return Origin("a-model", "trained on texts", folder / "train.json", "some texts", {"runs": 2})


def test_files_have_their_size_and_hash(folder):
    assert manifest.file_hashes(folder)["model.bin"] == {
        "bytes": 9, "sha256": hashlib.sha256(b"model.bin").hexdigest(),
    }  # fmt: skip
    assert list(manifest.file_hashes(folder)) == ["model.xml", "model.bin", "tokenizer.json"]


def test_a_written_manifest_is_a_model(folder, origin):
    manifest.write(folder, origin, {"squad-v1.1-dev": {"fp32": {"top_5": 90.0}}})
    model = load_model(folder)
    assert (model.name, model.dimension, model.metric, model.pooling) == ("a-model", 384, "cosine", "mean")
    assert (model.context_tokens, model.question_tokens) == (384, 32)
    assert model.sha256["model.xml"] == hashlib.sha256(b"model.xml").hexdigest()


def test_the_manifest_says_where_the_model_comes_from(folder, origin):
    contents = manifest.contents(folder, origin, {})
    assert contents["source"]["sha256"] == weights.SHA256
    assert contents["source"]["package"] == f"{weights.PACKAGE}==version of {weights.PACKAGE}"
    assert contents["quantization"]["calibration_sha256"] == hashlib.sha256(b"texts").hexdigest()
    assert contents["quantization"]["samples"] == samples.CONTEXTS + samples.QUESTIONS
    assert contents["quantization"]["nncf"] == "version of nncf"
    assert contents["tuning"] == {"runs": 2}


def test_without_training_there_is_no_record_of_one(folder):
    origin = Origin("a-model", "trained on texts", folder / "train.json", "some texts")
    assert "tuning" not in manifest.contents(folder, origin, {})


def test_the_same_model_has_the_same_manifest(folder, origin):
    manifest.write(folder, origin, {})
    first = (folder / "model.json").read_text("utf-8")
    manifest.write(folder, origin, {})
    assert (folder / "model.json").read_text("utf-8") == first
    assert first.endswith("}\n")
    assert json.loads(first)["schema"] == 1
