"""The files of a model are found in every layout, and of several graphs the best is chosen."""

from pathlib import Path

import pytest

from wherein.embed.models.parts import best_graph, find_parts
from wherein.errors import UsageError


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path.suffix == ".xml":
            path.with_suffix(".bin").touch()
    return folder


def test_sentence_transformers_keeps_graphs_below(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "my-model", "tokenizer.json", "openvino/openvino_model.xml",
        "openvino/openvino_model_qint8_quantized.xml",
    )  # fmt: skip
    parts = find_parts(folder)
    assert (parts.name, parts.root, parts.vocabulary) == ("my-model", folder, folder / "tokenizer.json")
    assert parts.relative_path(parts.graph) == "openvino/openvino_model_qint8_quantized.xml"
    assert parts.notes == (
        "openvino/openvino_model_qint8_quantized.xml was chosen; for openvino/openvino_model.xml, name that file",
    )
    other = find_parts(folder / "openvino" / "openvino_model.xml")
    assert (other.name, other.root, other.notes) == ("my-model", folder, ())
    assert find_parts(folder / "openvino").graph == parts.graph


@pytest.mark.parametrize("below", ["openvino", "FP16"])
def test_the_tokenizer_is_found_from_within_the_folder_of_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    folder = write(tmp_path / "my-model", "tokenizer.json", f"{below}/openvino_model.xml")
    monkeypatch.chdir(folder / below)
    for source in (".", "openvino_model.xml"):
        parts = find_parts(Path(source))
        assert (parts.name, parts.root, parts.vocabulary) == ("my-model", folder, folder / "tokenizer.json")


def test_optimum_keeps_everything_in_one_folder(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "exported", "tokenizer.json", "openvino_model.xml", "openvino_tokenizer.xml",
        "openvino_detokenizer.xml",
    )  # fmt: skip
    parts = find_parts(folder)
    assert (parts.name, parts.graph, parts.notes) == ("exported", folder / "openvino_model.xml", ())


def test_a_snapshot_in_the_cache_of_the_hub_has_the_name_of_its_repository(tmp_path: Path) -> None:
    folder = tmp_path / "models--owner--all-tiny-v2" / "snapshots" / "0123456789"
    assert find_parts(write(folder, "tokenizer.json", "openvino/openvino_model.xml")).name == "all-tiny-v2"


def test_the_name_of_a_folder_that_is_written_as_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path / "here", "tokenizer.json", "openvino_model.xml"))
    assert find_parts(Path()).name == "here"


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["openvino_model.xml"], "openvino_model.xml"),
        (["openvino_model_O3.xml", "openvino_model.xml"], "openvino_model.xml"),
        (["openvino_model.xml", "openvino_model_qint8_quantized.xml"], "openvino_model_qint8_quantized.xml"),
        (["openvino_model_b.xml", "openvino_model_a.xml"], "openvino_model_a.xml"),
    ],
)
def test_the_quantized_graph_is_preferred(names: list[str], best: str) -> None:
    assert best_graph(names) == best


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["tokenizer.json"], r"is not a model: it has neither .* \(.xml and .bin\)$"),
        (["config.json", "model.safetensors"], "is not a model: .*; convert it with: optimum-cli export openvino"),
        (["a.xml", "b.xml", "tokenizer.json"], "holds 2 models; name one"),
        (["openvino/openvino_model.xml"], "no vocab.txt and no tokenizer.json next to"),
        (["openvino_tokenizer.xml", "tokenizer.json"], "is not a model: it has neither"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, names: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        find_parts(write(tmp_path, *names))
