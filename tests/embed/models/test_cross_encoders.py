"""Cross-encoders as sentence-transformers writes them are installed as rerankers; other classifiers are refused."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exported import write_exported
from hub_server import COMMIT, Hub, serve
from toy_cross import write_cross_encoder
from wherein.embed.model import Model
from wherein.embed.models.catalogue import model_summaries
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.hub import Reference, fetch_from_hub
from wherein.embed.models.importing import add_model
from wherein.embed.models.installed import find_model, read_manifest
from wherein.embed.reranker import Reranker, RerankModel
from wherein.errors import UsageError

VALUES = {"lease": 2.0}
QUANTIZED = "openvino_model_qint8_quantized"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHEREIN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def added(folder: Path, models: Path, options: ImportOptions = ImportOptions()) -> RerankModel:  # noqa: B008
    model = add_model(folder, models, options).model
    assert isinstance(model, RerankModel)
    return model


@pytest.mark.parametrize(
    "config",
    [
        {"id2label": {"0": "LABEL_0"}, "sentence_transformers": {"version": "4.0.1"}},
        {"architectures": ["XLMRobertaForSequenceClassification"], "num_labels": 1},
        {"architectures": None},
        {"architectures": ["BertModel"]},
    ],
)
def test_a_graph_with_one_logit_is_a_reranker(tmp_path: Path, models: Path, config: dict[str, Any]) -> None:
    model = added(write_cross_encoder(tmp_path / "cross", VALUES, **config), models)
    assert (model.name, model.tokens, model.outputs) == ("cross", 512, ("logits",))
    manifest = read_manifest(model.folder)
    assert (manifest["kind"], manifest["output"], manifest["tokens"]) == ("reranker", "logits", 512)
    assert "dimension" not in manifest


@pytest.mark.parametrize(
    ("config", "options", "tokens"),
    [
        ({"max_position_embeddings": 128}, ImportOptions(), 128),
        ({"max_position_embeddings": 8_192}, ImportOptions(), 512),
        ({"max_position_embeddings": 514, "model_type": "xlm-roberta", "pad_token_id": 1}, ImportOptions(), 512),
        ({"max_position_embeddings": 8_192}, ImportOptions(context_tokens=1_024), 1_024),
        ({}, ImportOptions(context_tokens=100), 100),
    ],
)
def test_how_long_an_input_may_be(
    tmp_path: Path, models: Path, config: dict[str, Any], options: ImportOptions, tokens: int
) -> None:
    assert added(write_cross_encoder(tmp_path / "cross", VALUES, **config), models, options).tokens == tokens


def test_the_quantized_graph_is_chosen(tmp_path: Path, models: Path) -> None:
    folder = write_cross_encoder(tmp_path / "cross", VALUES, graphs=("openvino_model", QUANTIZED))
    assert add_model(folder, models).notes == (
        f"openvino/{QUANTIZED}.xml was chosen; for openvino/openvino_model.xml, name that file",
    )


def test_an_installed_reranker_can_be_added_elsewhere_and_again(tmp_path: Path, models: Path) -> None:
    model = added(write_cross_encoder(tmp_path / "cross", VALUES), models)
    copied = added(Path(shutil.copytree(model.folder, tmp_path / "copy")), tmp_path / "others")
    assert copied.sha256 == model.sha256
    assert Reranker(copied, "w8a32").score("who", "the lease") == 2.0
    assert not add_model(tmp_path / "cross", models).new
    with pytest.raises(UsageError, match="The name cross is taken by a different model"):
        add_model(write_cross_encoder(tmp_path / "b" / "cross", {"lease": 3.0}), models)


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_a_classifier_of_several_classes_is_refused(tmp_path: Path, models: Path, labels: int) -> None:
    folder = write_cross_encoder(tmp_path / "classes", VALUES, labels=labels)
    with pytest.raises(UsageError, match=f"sorts texts into {labels} classes; a reranker returns one logit"):
        add_model(folder, models)
    assert not (models / "classes").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(metric="cosine"), "is a reranker, which has no metric, pooling or prompts"),
        (ImportOptions(pooling="mean"), "is a reranker, which has no metric, pooling or prompts"),
        (ImportOptions(context_prompt="passage: "), "is a reranker, which has no metric, pooling or prompts"),
        (ImportOptions(question_tokens=32), "is a reranker, which reads both texts at once"),
        (ImportOptions(context_tokens=600), "takes texts of at most 512 tokens, not of 600"),
    ],
)
def test_options_that_a_reranker_does_not_have(
    tmp_path: Path, models: Path, options: ImportOptions, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        add_model(write_cross_encoder(tmp_path / "cross", VALUES), models, options)


def test_an_embedding_model_stays_one(tmp_path: Path, models: Path) -> None:
    assert isinstance(add_model(write_exported(tmp_path / "own"), models).model, Model)


def test_a_reranker_makes_no_vectors(tmp_path: Path, models: Path) -> None:
    added(write_cross_encoder(tmp_path / "cross", VALUES), models)
    with pytest.raises(UsageError, match="cross is a reranker and makes no vectors"):
        find_model("cross", models)
    (row,) = (row for row in model_summaries() if row.name == "cross")
    assert (row.kind, row.state, row.dimension, row.metric) == ("reranker", "installed", 0, "")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")
    folder = write_cross_encoder(tmp_path / "hub", VALUES, graphs=("openvino_model", QUANTIZED))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 256}))
    (folder / "model.safetensors").write_bytes(b"large")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    hub = Hub(folder)
    with serve(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield hub


def test_a_cross_encoder_of_the_hub(hub: Hub, models: Path) -> None:
    reference = Reference("owner/tiny-v2")
    fetched = fetch_from_hub(reference, models, ImportOptions())
    assert isinstance(fetched.model, RerankModel)
    assert (fetched.model.name, fetched.model.tokens) == ("tiny-v2", 256)
    settings = {"config.json", "tokenizer.json", "tokenizer_config.json"}
    assert set(hub.downloads()) == settings | {f"openvino/{QUANTIZED}.xml", f"openvino/{QUANTIZED}.bin"}
    assert read_manifest(fetched.model.folder)["source"]["revision"] == COMMIT
    assert Reranker(fetched.model, "w8a8").score("who", "a lease, the lease") == 4.0
    assert not fetch_from_hub(reference, models, ImportOptions()).new
