"""Where models are found: by name, by folder, and by the fingerprint that a library needs."""

import shutil
from pathlib import Path

import pytest

from tiny import write_tiny
from toy_reader import echo, write_graph
from wherein.embed.model import DEFAULT_MODEL, TOKENIZER, Model, fingerprint, load_model
from wherein.embed.models.importing import ImportOptions, add_model
from wherein.embed.models.installed import (
    MODELS_VARIABLE,
    damaged_files,
    default_model_name,
    find_by_fingerprint,
    find_model,
    fingerprints,
    installed_folders,
    model_kind,
    models_folder,
    read_manifest,
)
from wherein.embed.models.zoo import ZOO
from wherein.errors import Damaged, UsageError


@pytest.fixture
def installed(tiny: Path, models: Path) -> Model:
    model = add_model(tiny, models).model
    assert isinstance(model, Model)
    return model


def test_the_folder_of_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, "/models")
    assert models_folder() == Path("/models")
    monkeypatch.delenv(MODELS_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert models_folder() == tmp_path / "wherein" / "models"


def test_unfinished_and_damaged_folders_are_no_models(models: Path) -> None:
    assert list(installed_folders(models)) == [DEFAULT_MODEL]
    for name in ("b", "a", ".b.new", ".a.damaged-1"):
        (models / name).mkdir(parents=True)
    (models / "file").write_text("")
    assert list(installed_folders(models)) == [DEFAULT_MODEL, models / "a", models / "b"]


def test_a_model_by_name_and_by_folder(installed: Model, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tiny", models / "tiny", str(models / "tiny")):
        assert find_model(name, models) == installed
    monkeypatch.setenv("HOME", str(models))
    assert find_model("~/tiny", models) == installed
    for shipped in ("default", default_model_name(), DEFAULT_MODEL):
        assert find_model(shipped, models) == load_model()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "There is no model nothing; see: wherein model list"),
        ("", "There is no model ; see: wherein model list"),
        (next(iter(ZOO)), "is not installed; get it with: wherein model fetch bert-small"),
    ],
)
def test_a_name_that_is_none(models: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_model(name, models)


def test_a_folder_without_a_manifest_can_be_added(models: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{tmp_path} has no model.json; install the model with: wherein model add"):
        find_model(str(tmp_path), models)


def test_an_answer_model_makes_no_vectors(models: Path, tmp_path: Path) -> None:
    add_model(write_graph(tmp_path / "zoo", echo), models, ImportOptions(name="answers"))
    assert model_kind(models / "answers") == "reader"
    assert model_kind(DEFAULT_MODEL) == "embedding"
    assert model_kind(tmp_path / "none") == "embedding"
    with pytest.raises(UsageError, match="answers is an answer model and makes no vectors"):
        find_model("answers", models)
    with pytest.raises(UsageError, match="wherein-minilm-reader-int8 is an answer model and makes no vectors"):
        find_model("wherein-minilm-reader-int8", models)


def test_a_fingerprint_is_found_whatever_the_name(installed: Model, models: Path) -> None:
    wanted = fingerprint(installed, "w8a8")
    (models / "tiny").rename(models / "renamed")
    assert find_by_fingerprint(wanted, "w8a8", "tiny", models).folder == models / "renamed"
    assert fingerprints(installed) == {"w8a8": wanted, "w8a32": fingerprint(installed, "w8a32")}


def test_a_model_outside_of_the_folder_is_found_at_its_home(installed: Model, models: Path, tmp_path: Path) -> None:
    home = Path(shutil.move(models / "tiny", tmp_path / "home"))
    wanted = fingerprint(installed, "w8a8")
    assert find_by_fingerprint(wanted, "w8a8", "tiny", models, home).folder == home
    assert find_by_fingerprint(wanted, "w8a8", "tiny", models).folder == DEFAULT_MODEL


def test_without_it_the_namesake_is_returned_or_the_shipped_one(installed: Model, models: Path) -> None:
    assert find_by_fingerprint("0" * 16, "w8a8", "tiny", models) == installed
    assert find_by_fingerprint("0" * 16, "w8a8", "other", models) == load_model()


def test_a_damaged_manifest_matters_if_its_model_may_have_been_it(installed: Model, models: Path) -> None:
    (models / "tiny" / "model.json").write_text("{")
    with pytest.raises(Damaged, match=r"tiny/model\.json"):
        find_by_fingerprint("0" * 16, "w8a8", "tiny", models)
    assert find_by_fingerprint("0" * 16, "w8a8", "other", models) == load_model()
    shipped = load_model()
    assert find_by_fingerprint(fingerprint(shipped, "w8a8"), "w8a8", "tiny", models) == shipped


def test_each_damaged_file_has_a_sentence(installed: Model) -> None:
    assert damaged_files(installed) == []
    (installed.folder / TOKENIZER).write_text("{}")
    (problem,) = damaged_files(installed)
    assert problem.startswith(f"{installed.folder / TOKENIZER} is damaged")


def test_the_whole_manifest(installed: Model, tmp_path: Path) -> None:
    assert read_manifest(installed.folder)["source"]["model"] == "tiny"
    with pytest.raises(Damaged, match=r"model\.json cannot be read; install the model again"):
        read_manifest(tmp_path)


def test_two_models_have_different_fingerprints(installed: Model, models: Path, tmp_path: Path) -> None:
    other = add_model(write_tiny(tmp_path / "other", seed=1), models, ImportOptions(name="other")).model
    assert isinstance(other, Model)
    assert len({*fingerprints(other).values(), *fingerprints(installed).values()}) == 4
