"""Models as sentence-transformers and Optimum write them: every pooling, every kind of tokenizer, and MiniLM itself."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exported import TOKENIZERS, pool, token_vectors, write_exported, write_graph, write_settings
from wherein.embed.encoder import Encoder
from wherein.embed.graph import INPUTS
from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, Model, Prompts, fingerprint, load_model
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.importing import add_model
from wherein.embed.models.installed import read_manifest
from wherein.embed.runtime import import_openvino, openvino_core
from wherein.errors import UsageError

TEXTS = ["the cat sleeps all day", "我们是中国人", "x", "who owns the market? the town.", ""]
E5 = {"query": "query: ", "passage": "passage: "}


def encoder_of(model: object) -> Encoder:
    assert isinstance(model, Model)
    return Encoder(model, "w8a32")


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
@pytest.mark.parametrize(("kind", "inputs"), [("WordPiece", INPUTS[:3]), ("Unigram", INPUTS[:2]), ("BPE", INPUTS)])
def test_every_pooling_with_every_tokenizer(
    tmp_path: Path, models: Path, kind: str, pooling: str, inputs: tuple[str, ...]
) -> None:
    model = add_model(write_exported(tmp_path / "own", kind, pooling=pooling, prompts=E5, inputs=inputs), models).model
    encoder = encoder_of(model)
    words = TOKENIZERS[kind]()
    for text, vector in zip(TEXTS, encoder.encode_contexts(TEXTS), strict=True):
        expected = pool(pooling, token_vectors(words.encode(f"passage: {text}").ids))
        np.testing.assert_allclose(vector, unit(expected), atol=1e-5)
    for text in TEXTS:
        vector, question = encoder.encode_question(text)
        assert question.ids == words.encode(f"query: {text}").ids
        np.testing.assert_allclose(vector, unit(pool(pooling, token_vectors(question.ids))), atol=1e-5)


def test_what_the_files_say_is_in_the_manifest(tmp_path: Path, models: Path) -> None:
    folder = write_exported(tmp_path / "my-model", "Unigram", pooling="last", prompts=E5, tokens=200)
    added = add_model(folder, models)
    model = added.model
    assert isinstance(model, Model)
    assert (model.name, model.pooling, model.metric, model.output) == (
        "my-model", "last_token", "cosine", "last_hidden_state",
    )  # fmt: skip
    assert (model.context_tokens, model.question_tokens, model.prompts) == (200, 128, Prompts("query: ", "passage: "))
    assert load_model(model.folder) == model
    assert set(read_manifest(model.folder)["source"]["files"]) == {
        "tokenizer.json", "openvino/openvino_model.xml", "openvino/openvino_model.bin",
    }  # fmt: skip


def test_the_quantized_graph_is_chosen_and_named(tmp_path: Path, models: Path) -> None:
    graphs = ("openvino_model", "openvino_model_qint8_quantized")
    added = add_model(write_exported(tmp_path / "own", graphs=graphs), models)
    assert added.notes == (
        "openvino/openvino_model_qint8_quantized.xml was chosen; for openvino/openvino_model.xml, name that file",
    )
    assert read_manifest(added.model.folder)["source"]["model"] == "own"


def test_without_normalization_the_metric_decides(tmp_path: Path, models: Path) -> None:
    folder = write_exported(tmp_path / "own", normalizes=False)
    vector = encoder_of(add_model(folder, models, ImportOptions("dot", metric="dot")).model).encode_contexts(TEXTS[:1])
    ids = TOKENIZERS["WordPiece"]().encode(TEXTS[0]).ids
    np.testing.assert_allclose(vector[0], pool("mean", token_vectors(ids)), atol=1e-5)


def test_a_metric_that_changes_nothing_is_reported(tmp_path: Path, models: Path) -> None:
    added = add_model(write_exported(tmp_path / "own"), models, ImportOptions(metric="l2"))
    assert isinstance(added.model, Model)
    assert added.model.metric == "cosine"
    assert added.notes == ("the vectors have unit length, and so l2 gives the order of cosine, which is used",)


def test_options_say_what_files_do_not(tmp_path: Path, models: Path) -> None:
    folder = write_exported(tmp_path / "own")
    shutil.rmtree(folder / "1_Pooling")
    with pytest.raises(UsageError, match="choose with --pooling mean, cls, last"):
        add_model(folder, models)
    options = ImportOptions(pooling="cls", question_prompt="who ", context_prompt="")
    model = add_model(folder, models, options).model
    encoder = encoder_of(model)
    assert encoder.encode_question("sleeps")[1].ids == TOKENIZERS["WordPiece"]().encode("who sleeps").ids
    assert encoder.tokenizer.contexts(["sleeps"]) == [TOKENIZERS["WordPiece"]().encode("sleeps").ids]


def test_options_that_do_not_fit_are_refused(tmp_path: Path, models: Path) -> None:
    folder = write_exported(tmp_path / "own", tokens=64)
    with pytest.raises(UsageError, match="takes texts of at most 64 tokens, not of 65"):
        add_model(folder, models, ImportOptions(context_tokens=65))
    with pytest.raises(UsageError, match=r"The prompt 'the the .*' takes 62 of 64 tokens"):
        add_model(folder, models, ImportOptions(question_prompt="the " * 60))
    write_graph(folder / "openvino" / "openvino_model.xml", seed=1)
    shutil.rmtree(folder / "1_Pooling")
    with pytest.raises(UsageError, match="leave --pooling out"):
        add_model(write_pooled(tmp_path / "pooled"), models, ImportOptions(pooling="mean"))


def write_pooled(folder: Path) -> Path:
    """Write what Optimum exports with the pooling in the graph, and leave only that output."""
    ov = import_openvino()
    write_graph(folder / "both.xml", seed=1)
    graph = openvino_core().read_model(str(folder / "both.xml"))
    pooled = ov.Model([graph.output("sentence_embedding").get_node()], graph.get_parameters(), "pooled")
    ov.save_model(pooled, folder / "openvino_model.xml", compress_to_fp16=False)
    for path in folder.glob("both.*"):
        path.unlink()
    TOKENIZERS["WordPiece"]().save(str(folder / "tokenizer.json"))
    return folder


def test_a_graph_that_pools_beside_its_tokens(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "own"
    write_graph(folder / "openvino_model.xml", seed=1)
    TOKENIZERS["WordPiece"]().save(str(folder / "tokenizer.json"))
    model = add_model(folder, models, ImportOptions(metric="dot")).model
    assert isinstance(model, Model)
    assert (model.output, model.pooling) == ("sentence_embedding", "graph")
    ids = TOKENIZERS["WordPiece"]().encode(TEXTS[0]).ids
    rows = token_vectors(ids)
    mean = rows.mean(axis=0) / 1.5  # that of the table's rows: `token_vectors` adds half of their mean
    np.testing.assert_allclose(encoder_of(model).encode_contexts(TEXTS[:1])[0], 2 * mean, atol=1e-5)


def test_pooling_prompts_and_lengths_count_in_the_fingerprint(tmp_path: Path, models: Path) -> None:
    folder = write_exported(tmp_path / "own", tokens=256)
    different = [
        ImportOptions("a"),
        ImportOptions("b", pooling="cls"),
        ImportOptions("c", question_prompt="query: "),
        ImportOptions("d", context_prompt="query: "),
        ImportOptions("e", context_tokens=100),
        ImportOptions("f", question_tokens=100),
    ]
    prints = set()
    for options in different:
        model = add_model(folder, models, options).model
        assert isinstance(model, Model)
        prints.add(fingerprint(model, "w8a32"))
    assert len(prints) == len(different)


def test_an_added_model_can_be_added_again_from_its_own_folder(tmp_path: Path, models: Path) -> None:
    model = add_model(write_exported(tmp_path / "own", pooling="cls", prompts=E5), models).model
    copy = add_model(model.folder, tmp_path / "others", ImportOptions("copy")).model
    assert isinstance(model, Model)
    assert isinstance(copy, Model)
    assert fingerprint(copy, "w8a8") == fingerprint(model, "w8a8")
    with pytest.raises(UsageError, match="sets all but the name"):
        add_model(model.folder, models, ImportOptions(question_prompt="x"))


def write_minilm(folder: Path) -> None:
    """Write the shipped model as sentence-transformers would: its tokens' vectors, and what is done with them."""
    ov = import_openvino()
    graph = openvino_core().read_model(str(DEFAULT_MODEL / IR))
    tokens = next(
        node
        for node in reversed(graph.get_ordered_ops())
        if node.get_output_size() == 1
        and node.get_type_name() in ("Add", "Multiply")
        and list(node.get_output_partial_shape(0))[-1].is_static
        and len(node.get_output_partial_shape(0)) == 3
        and node.input_value(0).get_node().get_type_name() != "Convert"
        and leads_to_pooling(node)
    )
    tokens.output(0).get_tensor().set_names({"last_hidden_state"})
    parameters = graph.get_parameters()
    (folder / "openvino").mkdir(parents=True)
    path = folder / "openvino" / "openvino_model_qint8_quantized.xml"
    ov.save_model(ov.Model([tokens], parameters, "minilm"), path, compress_to_fp16=False)
    shutil.copy(DEFAULT_MODEL / TOKENIZER, folder)
    write_settings(folder, tokens=256)


def leads_to_pooling(node: Any) -> bool:
    """Whether the node is multiplied by the mask alone."""
    targets = [target.get_node() for target in node.output(0).get_target_inputs()]
    return len(targets) == 1 and targets[0].get_type_name() == "Multiply"


@pytest.mark.slow
def test_minilm_has_the_vectors_of_the_shipped_model(tmp_path: Path, models: Path) -> None:
    write_minilm(tmp_path / "all-MiniLM-L6-v2")
    model = add_model(tmp_path / "all-MiniLM-L6-v2", models).model
    assert isinstance(model, Model)
    assert (model.name, model.dimension, model.context_tokens, model.question_tokens) == (
        "all-MiniLM-L6-v2", 384, 256, 128,
    )  # fmt: skip
    texts = ["Canberra is the capital of Australia.", "A lease is signed by its owner. " * 20, "bread"]
    for precision in ("w8a8", "w8a32"):
        own, shipped = Encoder(model, precision), Encoder(load_model(), precision)
        np.testing.assert_allclose(own.encode_contexts(texts), shipped.encode_contexts(texts), atol=1e-4)
    text = "what is the capital of australia " * 10
    assert len(own.tokenizer.question(text).ids) == 62
    assert own.tokenizer.question(text).cut == ""


def test_the_manifest_is_json_that_a_person_can_read(tmp_path: Path, models: Path) -> None:
    model = add_model(write_exported(tmp_path / "own", prompts=E5), models).model
    about = json.loads((model.folder / "model.json").read_text("utf-8"))
    assert about["prompts"] == {"question": "query: ", "context": "passage: "}
    assert (about["pooling"], about["context_tokens"]) == ("mean_tokens", 128)
