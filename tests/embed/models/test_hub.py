"""Models of the hub are fetched as they are listed, checked, and pinned; whatever goes wrong is one sentence."""

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exported import write_exported
from hub_server import COMMIT, Hub, serve
from wherein.embed.model import Model, Prompts
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.hub import Reference, fetch_from_hub, parse_reference
from wherein.embed.models.importing import ImportResult
from wherein.embed.models.installed import installed_folders, read_manifest
from wherein.errors import Damaged, UsageError, WhereinError
from wherein.installation import install_command

pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")

TINY = Reference("owner/tiny-v2")
BIN = "openvino/openvino_model_qint8_quantized.bin"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = write_exported(
        tmp_path / "hub",
        "Unigram",
        graphs=("openvino_model", "openvino_model_qint8_quantized"),
        prompts={"query": "query: "},
    )
    (folder / "model.safetensors").write_bytes(b"large")
    (folder / "README.md").write_text("# Tiny\n", "utf-8")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    hub = Hub(folder)
    with serve(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield hub


def fetch(models: Path, reference: Reference = TINY, options: ImportOptions = ImportOptions()) -> ImportResult:  # noqa: B008
    return fetch_from_hub(reference, models, options)


def installed(models: Path) -> list[str]:
    return [folder.name for folder in installed_folders(models)][1:]


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("hub:intfloat/multilingual-e5-small", Reference("intfloat/multilingual-e5-small", "main")),
        ("hub:owner/a.b_c-1@v1.0", Reference("owner/a.b_c-1", "v1.0")),
        (f"hub:owner/name@{COMMIT}", Reference("owner/name", COMMIT)),
        ("hub:owner/name@refs/pr/3", Reference("owner/name", "refs/pr/3")),
    ],
)
def test_references(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["hub:", "hub:name", "hub:a/b/c", "hub:a/b@", "hub:a /b", "hub:../x/y"])
def test_other_references_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a model of the hub; write hub:OWNER/NAME"):
        parse_reference(text)


def test_only_the_files_that_are_needed_are_fetched_and_pinned(hub: Hub, models: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    added = fetch_from_hub(TINY, models, ImportOptions(), lambda *step: seen.append(step))
    model = added.model
    assert isinstance(model, Model)
    assert (added.new, model.name, model.prompts) == (True, "tiny-v2", Prompts("query: ", ""))
    assert added.notes == (
        "openvino/openvino_model_qint8_quantized.xml was chosen; openvino/openvino_model.xml would have to be"
        " downloaded and added by hand",
    )
    needed = {
        "tokenizer.json", "modules.json", "1_Pooling/config.json", "config.json", "sentence_bert_config.json",
        "config_sentence_transformers.json", BIN, "openvino/openvino_model_qint8_quantized.xml",
    }  # fmt: skip
    assert set(hub.downloads()) == needed
    about = read_manifest(model.folder)
    assert (about["source"]["hub"], about["source"]["revision"], about["licence"]) == ("owner/tiny-v2", COMMIT, "mit")
    files = about["source"]["files"]
    assert files == {
        file: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for file in needed
        for data in [(hub.folder / file).read_bytes()]
    }
    size = (hub.folder / BIN).stat().st_size
    assert (BIN, size, size) in seen
    assert not any((models / ".fetch").iterdir())


def test_what_is_installed_is_not_fetched_again(hub: Hub, models: Path) -> None:
    first = fetch(models)
    hub.requests.clear()
    again = fetch(models, Reference("owner/tiny-v2", COMMIT))
    assert (again.new, again.model) == (False, first.model)
    assert hub.downloads() == []
    (first.model.folder / "model.bin").write_bytes(b"damaged")
    mended = fetch(models)
    assert (mended.new, mended.damaged_copy is None) == (True, False)


def test_options_count_for_models_of_the_hub(hub: Hub, models: Path) -> None:
    model = fetch(models, options=ImportOptions("mine", context_prompt="passage: ", context_tokens=64)).model
    assert isinstance(model, Model)
    assert (model.name, model.prompts, model.context_tokens) == ("mine", Prompts("query: ", "passage: "), 64)
    with pytest.raises(UsageError, match="The name mine is taken by a different model"):
        fetch(models, options=ImportOptions("mine"))


@pytest.mark.slow
def test_a_connection_that_breaks_is_taken_up_again_or_reported(hub: Hub, models: Path) -> None:
    hub.breaks[BIN] = 100
    with pytest.raises(WhereinError, match=rf"^owner/tiny-v2 cannot be fetched from {hub.url} \(.*; nothing was ins"):
        fetch(models)
    assert installed(models) == []
    del hub.breaks[BIN]
    hub.requests.clear()
    assert fetch(models).new
    assert "tokenizer.json" not in hub.downloads()


@pytest.mark.parametrize("file", [BIN, "tokenizer.json", "1_Pooling/config.json"])
def test_other_content_is_refused(hub: Hub, models: Path, file: str) -> None:
    right = (hub.folder / file).read_bytes()
    hub.replaced[file] = right[:-2] + b"xx"
    with pytest.raises(Damaged, match=f"^{file} is not the file that the hub lists: its content differs; nothing"):
        fetch(models)
    assert installed(models) == []
    hub.replaced.clear()
    assert fetch(models).new


def test_without_openvino_files_the_way_to_them_is_named(hub: Hub, models: Path) -> None:
    for path in (hub.folder / "openvino").iterdir():
        path.unlink()
    with pytest.raises(UsageError) as caught:
        fetch(models)
    assert str(caught.value) == (
        "owner/tiny-v2 has no OpenVINO files (openvino/openvino_model.xml); it has 1_Pooling/config.json, README.md,"
        " config.json, config_sentence_transformers.json, model.safetensors, modules.json, sentence_bert_config.json,"
        " tokenizer.json. Make them with: optimum-cli export openvino --model owner/tiny-v2 FOLDER, then:"
        " wherein model add FOLDER"
    )


def test_without_a_tokenizer(hub: Hub, models: Path) -> None:
    (hub.folder / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match=r"has no tokenizer.json; it has .* and 3 more\. Make them with"):
        fetch(models)


@pytest.mark.parametrize(
    ("reference", "refuses", "problem"),
    [
        (Reference("owner/other"), None, "The hub has no model owner/other, or it is private"),
        (Reference("owner/tiny-v2", "v9"), None, "owner/tiny-v2 has no revision v9"),
        (TINY, (403, "GatedRepo"), "owner/tiny-v2 is open only to those who have been granted access"),
        (Reference("-a/--b"), None, "-a/--b is not a valid name"),
    ],
)
def test_what_the_hub_refuses(
    hub: Hub, models: Path, reference: Reference, refuses: tuple[int, str] | None, problem: str
) -> None:
    hub.refuses = refuses
    with pytest.raises(UsageError, match=f"^{problem}") as caught:
        fetch(models, reference)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WhereinError, match=r"cannot be fetched from http://127.0.0.1:9 \(.*Connection refused.*"):
        fetch(models)


def test_without_the_package_its_install_line_is_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(WhereinError, match=re.escape(f"install it with: {install_command('hub')}")):
        fetch(models)
