"""The manifest of a model folder, and its fingerprint."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bit_flip import flip
from wherein.embed.encoder import Encoder
from wherein.embed.model import (
    DEFAULT_MODEL,
    IR,
    TOKENIZER,
    WEIGHTS,
    Model,
    Prompts,
    fingerprint,
    load_model,
    read_checked,
)
from wherein.errors import Damaged

NO_FILES = json.dumps({**json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8")), "files": []})


def test_fingerprint_differs_by_precision_only(model: Model) -> None:
    prints = [fingerprint(model, name) for name in ("w8a8", "w8a32")]
    assert prints[0] != prints[1]
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in prints)
    assert fingerprint(load_model(), "w8a8") == prints[0] == Encoder(model, "w8a8").fingerprint


def test_prompts_count_in_the_fingerprint_and_none_leave_it_as_it_was() -> None:
    digests = {IR: "a", WEIGHTS: "b", TOKENIZER: "c"}
    plain = Model(Path(), "name", "1", 6, "dot", "graph", 384, 32, "output", digests)
    assert fingerprint(plain, "w8a8") == "264526c6f03f7a8f"
    prompts = [Prompts(), Prompts("a", ""), Prompts("", "a"), Prompts("a", "a")]
    assert len({fingerprint(replace(plain, prompts=one), "w8a8") for one in prompts}) == 4


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


def test_the_shipped_manifest(model: Model) -> None:
    assert (model.folder, model.dimension, model.width, model.metric, model.pooling) == (
        DEFAULT_MODEL, 384, 384, "cosine", "mean",
    )  # fmt: skip
    assert (model.context_tokens, model.question_tokens, model.output) == (384, 32, "embedding")
    assert set(model.sha256) == {IR, WEIGHTS, TOKENIZER}


def test_vectors_are_stored_with_another_component_for_distances(model: Model) -> None:
    assert replace(model, metric="l2").width == 385
    assert replace(model, metric="dot").width == 384


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "l2"}, {"pooling": "graph"}, {"dimension": 383}, {"context_tokens": 383}, {"question_tokens": 31},
        {"sha256": {IR: "x", WEIGHTS: "y", TOKENIZER: "z"}},
    ],
)  # fmt: skip
def test_whatever_changes_vectors_changes_the_fingerprint(model: Model, change: dict[str, Any]) -> None:
    assert fingerprint(replace(model, **change), "w8a8") != fingerprint(model, "w8a8")


@pytest.mark.parametrize("change", [{"name": "other"}, {"version": "9"}, {"folder": Path("/x")}, {"output": "other"}])
def test_a_name_changes_no_fingerprint(model: Model, change: dict[str, Any]) -> None:
    assert fingerprint(replace(model, **change), "w8a8") == fingerprint(model, "w8a8")


def test_an_unknown_metric_is_named(copied: Path) -> None:
    text = (copied / "model.json").read_text("utf-8").replace('"metric": "cosine"', '"metric": "angle"')
    (copied / "model.json").write_text(text, "utf-8")
    with pytest.raises(Damaged, match="metric 'angle' is not one of cosine, dot, l2"):
        load_model(copied)


def test_files_are_compared_with_the_manifest(copied: Path) -> None:
    model = load_model(copied)
    data = read_checked(model, TOKENIZER)
    assert hashlib.sha256(data).hexdigest() == model.sha256[TOKENIZER]
    flip(copied / TOKENIZER, 7)
    with pytest.raises(Damaged, match="its SHA-256 differs from the manifest's; install the model again"):
        read_checked(model, TOKENIZER)
    (copied / TOKENIZER).unlink()
    with pytest.raises(Damaged, match=r"tokenizer\.json cannot be read \(No such file or directory\)"):
        read_checked(model, TOKENIZER)
