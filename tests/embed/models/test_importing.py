"""Models from disk become model folders, or are refused with one sentence and leave everything as it was."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

import wherein
from tiny import write_tiny, write_vocabulary
from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.embed.models.importing import ImportOptions, add_model
from wherein.embed.models.installed import damaged_files, find_model, fingerprints, installed_folders, read_manifest
from wherein.errors import Damaged, LibraryBusy, UsageError

ROOT = Path(wherein.__file__).parent
ADD = """
import sys
from pathlib import Path
from wherein.embed.models.importing import add_model
add_model(*map(Path, sys.argv[1:]))
"""
TEXTS = ["the cat sleeps all day", "bread dough is kneaded", "x"]


def cut(path: Path, to: float = 0.5) -> None:
    os.truncate(path, int(path.stat().st_size * to))


def names(models: Path) -> list[str]:
    return [folder.name for folder in installed_folders(models)][1:]


def test_a_zoo_folder_becomes_a_model_folder(tiny: Path, models: Path) -> None:
    added = add_model(tiny, models)
    model = added.model
    assert (added.new, added.notes, model.folder) == (True, (), models / "tiny")
    assert (model.name, model.dimension, model.metric, model.pooling) == ("tiny", 6, "cosine", "graph")
    assert (model.context_tokens, model.question_tokens, model.output) == (384, 32, "embedding")
    assert sorted(path.name for path in model.folder.iterdir()) == [
        "model.bin", "model.json", "model.xml", "tokenizer.json",
    ]  # fmt: skip
    assert damaged_files(model) == []
    about = read_manifest(model.folder)
    assert set(about["source"]["files"]) == {"vocab.txt", "FP32-INT8/tiny.xml", "FP32-INT8/tiny.bin"}
    assert about["files"]["model.bin"]["bytes"] == (tiny / "FP32-INT8" / "tiny.bin").stat().st_size


@pytest.mark.parametrize(("static", "integers"), [(384, "i64"), (None, "i32"), (128, "i32")])
def test_any_shape_and_integers_give_the_vectors_of_the_words(
    tmp_path: Path, models: Path, static: int | None, integers: str
) -> None:
    path = write_tiny(tmp_path / "tiny", static=static, integers=integers)
    model = add_model(path, models).model
    assert model.context_tokens == (static or 384)
    encoder = Encoder(model, "w8a32")
    vectors = encoder.encode_contexts(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((3, 6), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    random = np.random.default_rng(0)
    table = random.standard_normal((len(Tokenizer.from_file(str(model.folder / "tokenizer.json")).get_vocab()), 8))
    weights = random.standard_normal((8, 6))
    for text, vector in zip(TEXTS, vectors, strict=True):
        expected = table[encoder.tokenizer.contexts([text])[0]].sum(axis=0) @ weights
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


def test_what_is_not_cosine_keeps_its_length(tiny: Path, models: Path) -> None:
    lengths = []
    for metric in ("cosine", "dot", "l2"):
        model = add_model(tiny, models, ImportOptions(name=metric, metric=metric)).model
        assert model.metric == metric
        lengths.append(np.linalg.norm(Encoder(model, "w8a32").encode_contexts(TEXTS[:1])[0, :6]))
    assert lengths[0] == pytest.approx(1)
    assert lengths[1] == pytest.approx(lengths[2])
    assert lengths[1] > 2


def test_options_are_followed(tiny: Path, models: Path) -> None:
    model = add_model(tiny, models, ImportOptions("own", "dot", 100, 20)).model
    assert (model.name, model.metric, model.context_tokens, model.question_tokens) == ("own", "dot", 100, 20)
    assert len(Encoder(model, "w8a32").tokenizer.contexts(["cat " * 500])[0]) == 100
    assert names(models) == ["own"]


def test_a_model_folder_is_copied_with_its_manifest(tiny: Path, models: Path, tmp_path: Path) -> None:
    first = add_model(tiny, models).model
    second = add_model(first.folder, tmp_path / "others", ImportOptions(name="copy")).model
    assert fingerprints(second) == fingerprints(first)
    assert {**read_manifest(second.folder), "name": "tiny"} == read_manifest(first.folder)
    with pytest.raises(UsageError, match="sets all but the name"):
        add_model(first.folder, models, ImportOptions(name="again", metric="l2"))


def test_a_tokenizer_json_beside_the_graph_is_used(tiny: Path, models: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for path in (tiny / "FP32-INT8").iterdir():
        shutil.copy(path, own)
    shutil.copy(add_model(tiny, models).model.folder / "tokenizer.json", own)
    model = add_model(own, models, ImportOptions(name="own")).model
    assert fingerprints(model) == fingerprints(find_model("tiny", models))


def test_a_model_is_added_once_and_another_one_does_not_get_its_name(tiny: Path, models: Path, tmp_path: Path) -> None:
    first = add_model(tiny, models).model
    before = (first.folder / "model.bin").stat().st_ino
    assert not add_model(tiny, models).new
    assert (first.folder / "model.bin").stat().st_ino == before
    write_tiny(tmp_path / "other" / "tiny", seed=1)
    with pytest.raises(UsageError, match=r"taken by a different model.*--name"):
        add_model(tmp_path / "other" / "tiny", models)
    with pytest.raises(UsageError, match="taken"):
        add_model(tiny, models, ImportOptions(metric="l2"))
    with pytest.raises(UsageError, match="taken"):
        add_model(tiny, models, ImportOptions(name=load_model().name))
    assert damaged_files(find_model("tiny", models)) == []
    assert names(models) == ["tiny"]
    assert not add_model(DEFAULT_MODEL, models).new  # it is there already


def test_a_damaged_model_is_kept_when_it_is_added_again(tiny: Path, models: Path) -> None:
    folder = add_model(tiny, models).model.folder
    for harm in (lambda: cut(folder / "model.bin"), lambda: (folder / "model.json").write_text("{")):
        harm()
        added = add_model(tiny, models)
        assert added.new
        assert added.damaged_copy is not None
        assert added.damaged_copy.is_dir()
        assert damaged_files(find_model("tiny", models)) == []
    assert names(models) == ["tiny"]


def test_what_a_dead_process_left_is_no_model_and_is_removed(tiny: Path, models: Path) -> None:
    left = models / ".tiny.new"
    shutil.copytree(add_model(tiny, models, ImportOptions(name="whole")).model.folder, left)
    assert names(models) == ["whole"]
    with pytest.raises(UsageError):
        find_model("tiny", models)
    add_model(tiny, models)
    assert names(models) == ["tiny", "whole"]
    assert not left.exists()


def test_killed_in_the_middle_it_leaves_no_model(tiny: Path, models: Path) -> None:
    words = (tiny / "vocab.txt").read_text()
    (tiny / "vocab.txt").unlink()
    os.mkfifo(tiny / "vocab.txt")  # which is read when the graph is copied, and has nothing to read
    process = subprocess.Popen([sys.executable, "-c", ADD, str(tiny), str(models)], cwd=ROOT)
    with (tiny / "vocab.txt").open("w"):
        process.kill()
        process.wait()
    assert (models / ".tiny.new" / "model.bin").exists()
    assert names(models) == []
    (tiny / "vocab.txt").unlink()
    (tiny / "vocab.txt").write_text(words)
    assert add_model(tiny, models).new
    assert not (models / ".tiny.new").exists()
    assert damaged_files(find_model("tiny", models)) == []


def test_two_do_not_install_at_once(tiny: Path, models: Path) -> None:
    models.mkdir()
    with (models / ".add.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LibraryBusy):
            add_model(tiny, models)
    assert add_model(tiny, models).new


def refusal(kind: type[Exception], words: str, harm: Callable[[Path], object]) -> object:
    return pytest.param(kind, words, harm, id=words)


GRAPH, WEIGHTS = "FP32-INT8/tiny.xml", "FP32-INT8/tiny.bin"


@pytest.mark.parametrize(
    ("kind", "words", "harm"),
    [
        refusal(Damaged, "tiny.bin is truncated", lambda t: cut(t / WEIGHTS)),
        refusal(Damaged, "tiny.bin is truncated: it has 0 of", lambda t: cut(t / WEIGHTS, 0)),
        refusal(Damaged, "tiny.xml is damaged, or not an OpenVINO IR", lambda t: cut(t / GRAPH)),
        refusal(Damaged, "not an OpenVINO IR: no element found", lambda t: cut(t / GRAPH, 0)),
        refusal(Damaged, "vocab.txt cannot be read", lambda t: (t / "vocab.txt").write_bytes(b"\xff")),
        refusal(Damaged, "not a readable tokenizer", lambda t: (t / "tokenizer.json").write_text("{}")),
        refusal(UsageError, "begins with <html>", lambda t: (t / GRAPH).write_text("<html></html>")),
        refusal(UsageError, "has no \\[CLS\\]", lambda t: (t / "vocab.txt").write_text("[PAD]\n[UNK]\ncat\n")),
        refusal(UsageError, "no vocab.txt and no tokenizer.json", lambda t: (t / "vocab.txt").unlink()),
        refusal(UsageError, "There is no .*tiny.bin", lambda t: (t / WEIGHTS).unlink()),
        refusal(UsageError, "neither a model.json nor", lambda t: shutil.rmtree(t / "FP32-INT8")),
        refusal(UsageError, "holds 2 models", lambda t: shutil.copy(t / GRAPH, t / "FP32-INT8" / "b.xml")),
        refusal(UsageError, "There is no file or folder", shutil.rmtree),
    ],
)
def test_refused(tiny: Path, models: Path, kind: type[Exception], words: str, harm: Callable[[Path], object]) -> None:
    harm(tiny)
    with pytest.raises(kind, match=words) as caught:
        add_model(tiny, models)
    assert "\n" not in str(caught.value)
    assert names(models) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": ("input_ids",)}, "has no input attention_mask"),
        ({"inputs": ("input_ids", "attention_mask", "token_type_ids", "position_ids", "more")}, "has the input more"),
        ({"outputs": 2}, "2 outputs"),
        ({"rows": 40}, "has 40 token embeddings, but its vocabulary has"),
    ],
)
def test_graphs_that_do_not_fit(tmp_path: Path, models: Path, options: dict[str, object], words: str) -> None:
    path = write_tiny(tmp_path / "tiny", **options)
    with pytest.raises(UsageError, match=words):
        add_model(path, models)
    assert names(models) == []


@pytest.mark.parametrize("name", [".hidden", "../up", "a/b", "a b"])
def test_invalid_names(tiny: Path, models: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not a valid name for a model"):
        add_model(tiny, models, ImportOptions(name=name))
    for odd in (name, "", "..", "nothing"):
        with pytest.raises(UsageError):
            find_model(odd, models)


@pytest.mark.parametrize("file", ["model.xml", "model.bin", "tokenizer.json"])
def test_a_damaged_model_folder_is_refused(tiny: Path, models: Path, tmp_path: Path, file: str) -> None:
    folder = add_model(tiny, models).model.folder
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    cut(copy / file, 0.9)
    with pytest.raises(Damaged, match=file):
        add_model(copy, models, ImportOptions(name="copy"))
    about = json.loads((folder / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps({**about, "dimension": 7}))
    shutil.copy(folder / file, copy / file)
    with pytest.raises(Damaged, match="says 7 dimensions"):
        add_model(copy, models, ImportOptions(name="copy"))
    assert names(models) == ["tiny"]


def test_a_model_with_the_name_of_one_of_the_zoo(tmp_path: Path, models: Path) -> None:
    name = "bert-small-uncased-whole-word-masking-squad-emb-int8-0001"
    path = write_tiny(tmp_path / name, name)
    added = add_model(tmp_path / name, models)
    assert (added.model.name, added.model.metric, added.model.version) == (name, "l2", "2023.0")
    assert "not the files of the zoo's" in added.notes[0]
    assert read_manifest(added.model.folder)["accuracy"] == {}
    os.truncate(tmp_path / name / "vocab.txt", 231508)  # the zoo's size, and other content
    with pytest.raises(Damaged, match=r"vocab\.txt is damaged: its SHA-384"):
        add_model(path, models, ImportOptions(name="again"))
    write_vocabulary(tmp_path / name / "vocab.txt")
    os.truncate(path.with_suffix(".bin"), 41884996)
    with pytest.raises(Damaged, match=r"\.bin is damaged: its SHA-384"):
        add_model(path, models, ImportOptions(name="again"))
