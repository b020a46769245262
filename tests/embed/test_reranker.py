"""Rerankers: what they are given of both texts, where they are found, and what happens to a model of another kind."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from toy_cross import write_cross_encoder
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.importing import add_model
from wherein.embed.reranker import Reranker, RerankModel, installed_reranker, load_reranker
from wherein.errors import Damaged, ModelMismatch

VALUES = {"lease": 2.0, "owner": 1.5, "rent": -3.0}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEREIN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def installed(tmp_path: Path, models: Path, options: ImportOptions = ImportOptions(), **kind: Any) -> RerankModel:  # noqa: B008
    model = add_model(write_cross_encoder(tmp_path / "cross", VALUES, **kind), models, options).model
    assert isinstance(model, RerankModel)
    return model


@pytest.mark.parametrize(
    ("question", "text", "score"),
    [
        ("who owns the rent?", "The lease of the OWNER", 3.5),
        ("lease lease lease", "rent, rent", -6.0),
        ("", "lease", 2.0),
        ("lease", "", 0.0),
        ("who [SEP] rent", "[CLS] lease [SEP] owner [PAD]", 3.5),
    ],
)
def test_the_passage_is_told_from_the_question(
    tmp_path: Path, models: Path, question: str, text: str, score: float
) -> None:
    assert Reranker(installed(tmp_path, models), "w8a32").score(question, text) == score


def test_without_token_types_and_with_another_tokenizer(tmp_path: Path, models: Path) -> None:
    model = add_model(
        write_cross_encoder(tmp_path / "own", {"▁the": 1.0, "</s>": 100.0}, "Unigram", inputs=("input_ids",
                            "attention_mask")),
        models,
    ).model  # fmt: skip
    assert isinstance(model, RerankModel)
    # <s> the </s> </s> the the </s>
    assert Reranker(model, "w8a32").score("the", "the the") == 303.0


@pytest.mark.parametrize("words", [0, 1, 59, 60, 61, 62, 124, 500, 2_000])
def test_the_end_of_a_long_passage_is_cut(tmp_path: Path, models: Path, words: int) -> None:
    reranker = Reranker(installed(tmp_path, models, ImportOptions(context_tokens=64)), "w8a32")
    kept = min(words, 64 - 3 - 1)
    assert reranker.score("who", "lease " * words + "owner") == kept * 2.0 + (1.5 if words < 60 else 0)


def test_of_a_long_question_room_is_left_for_the_passage(tmp_path: Path, models: Path) -> None:
    reranker = Reranker(installed(tmp_path, models, ImportOptions(context_tokens=64)), "w8a32")
    assert reranker.score("who " * 500, "lease " * 500) == pytest.approx(2.0 * 30, abs=2.0)
    assert reranker.score("who " * 500, "lease owner") == 3.5


def test_a_graph_of_one_length(tmp_path: Path, models: Path) -> None:
    model = installed(tmp_path, models, length=48)
    assert model.tokens == 48
    assert Reranker(model, "w8a32").score("who", "lease " * 500) == 2.0 * 44


def test_padding_makes_no_difference(tmp_path: Path, models: Path) -> None:
    reranker = Reranker(installed(tmp_path, models), "w8a32")
    scores = [reranker.score("who", "the " * count + "lease") for count in range(0, 200, 13)]
    assert set(scores) == {2.0}


# Where it is found.


def test_without_one_there_is_none(models: Path) -> None:
    assert installed_reranker() is None


def test_the_reranker_among_the_installed_models(tmp_path: Path, models: Path) -> None:
    model = installed(tmp_path, models, ImportOptions("second"))
    add_model(tmp_path / "cross", models, ImportOptions("first"))
    (models / "broken").mkdir()
    (models / "broken" / "model.json").write_text("{")
    (models / "another").mkdir()
    (models / "another" / "model.json").write_text("[1]")
    shutil.copytree(models / "second", models / ".a.new")  # unfinished, or damaged
    found = installed_reranker()
    assert found is not None
    assert (found.name, found.tokens, found.outputs) == ("first", 512, ("logits",))
    assert found.sha256 == model.sha256


@pytest.mark.parametrize(
    "changed", [{"kind": "reader"}, {"kind": None}, {"tokens": "many"}, {"tokens": 4}, {"output": None, "files": {}}]
)
def test_a_manifest_of_no_reranker(tmp_path: Path, models: Path, changed: dict[str, Any]) -> None:
    folder = installed(tmp_path, models).folder
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    (folder / "model.json").write_text(json.dumps({**manifest, **changed}))
    with pytest.raises(Damaged, match=r"model\.json"):
        load_reranker(folder)


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "tokenizer.json"])
def test_a_damaged_file_is_named(tmp_path: Path, models: Path, name: str) -> None:
    model = installed(tmp_path, models)
    (model.folder / name).write_bytes(b"damaged")
    with pytest.raises(Damaged, match=name.replace(".", r"\.")):
        Reranker(model, "w8a32").score("who", "lease")


def test_a_graph_that_is_no_reranker_is_refused_in_one_sentence(tmp_path: Path, models: Path) -> None:
    model = installed(tmp_path, models)
    path = model.folder / "model.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**manifest, "output": "embedding"}))
    with pytest.raises(ModelMismatch, match="is not a reranker that --rerank can use: it has no output embedding"):
        Reranker(load_reranker(model.folder), "w8a32").prepare()


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=r"model\.json"):
        load_reranker(tmp_path)
