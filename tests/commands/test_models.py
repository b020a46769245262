"""`wherein model`: fetch, add, list, show and bench."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fork_server import run_command
from model_server import Server
from tiny import write_tiny
from toy_reader import echo, write_graph
from wherein import cli
from wherein.embed.answer_extractor import installed_answer_model, load_answer_model
from wherein.embed.model import IR, WEIGHTS, load_model
from wherein.embed.models.importing import add_model
from wherein.embed.models.installed import MODELS_VARIABLE, find_model, fingerprints, installed_folders
from wherein.embed.models.zoo import ZOO


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.txt").write_text("the lease is signed by the owner")
    (folder / "cats.txt").write_text("a cat sleeps all day")
    return folder


@pytest.fixture
def tiny(tmp_path: Path, models: Path) -> Path:
    """An installed model, and the zoo folder that it came from."""
    add_model(write_tiny(tmp_path / "zoo"), models)
    return tmp_path / "zoo"


@pytest.fixture
def wherein(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("WHEREIN_LIBRARY", str(tmp_path / "library"))
    return lambda *arguments: CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_tiny(tmp_path / "served", rows=20_000)
    server = Server(tmp_path / "served")
    yield server
    server.close()


def nothing_installed(models: Path) -> bool:
    return len(list(installed_folders(models))) == 1


def test_a_failed_fetch_is_one_sentence(server: Server, models: Path) -> None:
    name = next(iter(ZOO))

    def fetch(url: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "WHEREIN_MODELS": str(models), "WHEREIN_ZOO": url}
        return run_command("model", "fetch", name, environment=environment, folder=models.parent)

    missing = fetch(server.url)
    (server.root / name).mkdir()
    (server.root / name / "vocab.txt").write_bytes(b"x" * 231508)
    wrong = fetch(server.url)
    offline = fetch("http://127.0.0.1:9")
    for done, code, words in ((missing, 1, "404"), (wrong, 5, "SHA-384 differs"), (offline, 1, "cannot be reached")):
        assert (done.returncode, done.stdout) == (code, ""), done
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert nothing_installed(models)


def test_add_list_show_and_use(wherein: Callable[..., Result], docs: Path, tmp_path: Path, models: Path) -> None:
    write_tiny(tmp_path / "zoo")
    options = ("--metric", "dot", "--context-tokens", "200", "--question-tokens", "20")
    (added,) = lines(wherein("model", "add", tmp_path / "zoo", "--name", "mine", *options, "--json"))
    assert (added["name"], added["folder"], added["metric"], added["new"]) == (
        "mine",
        str(models / "mine"),
        "dot",
        True,
    )
    assert "is already installed" in wherein("model", "add", tmp_path / "zoo", "--name", "mine", *options).stdout
    listed = lines(wherein("model", "list", "--json"))
    assert [(row["name"], row["state"]) for row in listed] == [
        (load_model().name, "shipped"),
        ("wherein-minilm-reader-int8", "shipped"),
        ("mine", "installed"),
        ("bert-small-uncased-whole-word-masking-squad-emb-int8-0001", "available"),
        ("bert-small-uncased-whole-word-masking-squad-int8-0002", "available"),
        ("multilingual", "available"),
    ]
    assert [row["dimension"] for row in listed] == [384, 0, 6, 1024, 0, 384]
    assert [row["bytes"] for row in listed][:4:3] == [23979920, 42931600]
    assert listed[3]["top_5"] == 87.6
    assert "mine" in wherein("model", "list").stdout
    (shown,) = lines(wherein("model", "show", "mine", "--json"))
    assert (shown["context_tokens"], shown["question_tokens"], shown["damage"]) == (200, 20, [])
    assert shown["fingerprints"] == added["fingerprints"] == fingerprints(find_model("mine", models))
    assert str(models / "mine") in wherein("model", "show", "mine").stdout
    assert "FP16-INT8/bert-small" in wherein("model", "show", str(listed[3]["name"])).stdout
    assert wherein("--model", "mine", "ingest", docs).exit_code == 0
    (status,) = lines(wherein("status", "--json"))
    assert status["model"] == "mine"
    (answer,) = lines(wherein("query", "who may sign the lease?", "--json"))
    assert len(answer["hits"]) == 2  # type: ignore[arg-type]


def test_an_answer_model_is_added_as_one_and_makes_no_vectors(
    wherein: Callable[..., Result], tmp_path: Path, models: Path
) -> None:
    folder = write_graph(tmp_path / "reader", echo)
    (whole,) = lines(wherein("model", "add", folder, "--name", "whole", "--json"))
    assert (whole["kind"], whole["new"]) == ("reader", True)
    (folder / "model.json").unlink()
    done = wherein("model", "add", folder / IR, "--name", "parts")
    assert "wherein query --answer" in done.stdout, done.output
    first, second = load_answer_model(models / "parts"), load_answer_model(models / "whole")
    assert (first.tokens, first.question_tokens, first.outputs) == (384, 64, ("output_s", "output_e"))
    assert (first.sha256[IR], first.sha256[WEIGHTS]) == (second.sha256[IR], second.sha256[WEIGHTS])
    assert installed_answer_model() == first
    listed = {row["name"]: (row["kind"], row["state"]) for row in lines(wherein("model", "list", "--json"))}
    assert listed["parts"] == listed["whole"] == ("reader", "installed")
    assert wherein("model", "show", "parts").exit_code == 0
    done = wherein("--model", "parts", "ingest", folder)
    assert (done.exit_code, "makes no vectors" in done.stderr) == (2, True)
    (folder / "model.bin").write_bytes(b"")
    assert wherein("model", "add", folder / IR, "--name", "third").exit_code == 5
    assert installed_answer_model() == first


def test_exit_codes(wherein: Callable[..., Result], docs: Path, tiny: Path, models: Path) -> None:
    assert wherein("--model", "tiny", "ingest", docs).exit_code == 0
    (models / "broken").mkdir()
    (models / "broken" / "model.json").write_text("{")
    states = {row["name"]: row["state"] for row in lines(wherein("model", "list", "--json"))}
    assert (states["tiny"], states["broken"]) == ("installed", "damaged")
    for arguments, code, words in (
        (("--model", load_model().name, "query", "lease"), 6, "wherein reindex --model"),
        (("--model", "nothing", "query", "lease"), 2, "There is no model nothing"),
        (("--model", "broken", "query", "lease"), 5, "broken/model.json"),
        (("query", "lease"), 0, ""),
        (("model", "show", "nothing"), 2, "wherein model list"),
        (("model", "show", "broken"), 5, "model.json"),
        (("model", "fetch", "nothing"), 2, "catalogue"),
        (("model", "add", docs), 2, "is not a model"),
        (("model", "bench", "nothing"), 2, "There is no model"),
        (("--device", "XPU", "model", "bench"), 2, "There is no device XPU; write CPU"),
        (("--device", "npu", "model", "bench"), 2, "There is no device NPU here; there is CPU"),
        (("--device", "npu", "query", "lease"), 2, "There is no device NPU here; there is CPU"),
        (("--device", "auto:cpu", "query", "lease"), 0, ""),
        (("--device", "hetero:cpu", "query", "lease"), 0, ""),
    ):
        done = wherein(*arguments)
        assert (done.exit_code, words in done.stderr) == (code, True), (arguments, done.output)
        assert len(done.stderr.splitlines()) == (code > 0)
    os.truncate(models / "tiny" / WEIGHTS, 10)
    done = wherein("model", "show", "tiny")
    assert done.exit_code == 5
    assert "model.bin is damaged" in done.stdout
    assert wherein("query", "lease").exit_code == 5
    states = {row["name"]: row["state"] for row in lines(wherein("model", "list", "--json"))}
    assert states["tiny"] == "damaged"


@pytest.mark.slow
def test_new_libraries_use_the_precision_that_bench_found_fastest(
    wherein: Callable[..., Result], docs: Path, tiny: Path, tmp_path: Path
) -> None:
    (found,) = lines(wherein("model", "bench", "tiny", "--seconds", "0.1", "--json"))
    assert (found["model"], found["context_tokens"], found["question_tokens"]) == ("tiny", 384, 32)
    speeds = {row["precision"]: row for row in found["speeds"]}  # type: ignore[attr-defined]
    assert set(speeds) == {"w8a8", "w8a32"}
    rates = ("contexts", "short_contexts", "questions")
    assert all(row[name] > 0 for row in speeds.values() for name in rates)
    assert {row["length_step"] % 16 for row in speeds.values()} == {0}
    (described,) = lines(wherein("model", "show", "tiny", "--json"))
    assert described["speeds"] == speeds
    assert found["device"] == "CPU"
    assert found["devices"].keys() >= {"CPU"}  # type: ignore[union-attr]
    shown = wherein("--model", "tiny", "model", "bench", "--seconds", "0.1").stdout
    assert "On CPU; this machine has CPU (" in shown
    assert "questions/s" in shown
    assert shown.count("padded to multiples of") == 2
    (kept,) = tmp_path.glob("user-cache/**/speeds.json")
    for quick, slow in (("w8a8", "w8a32"), ("w8a32", "w8a8")):
        remembered = json.loads(kept.read_text())
        for measured in remembered.values():
            measured[quick]["short_contexts"], measured[slow]["short_contexts"] = 2, 1
        kept.write_text(json.dumps(remembered))
        library = ("--library", tmp_path / quick)
        wherein(*library, "--model", "tiny", "ingest", docs)
        (status,) = lines(wherein(*library, "status", "--json"))
        assert status["precision"] == quick
    (status,) = lines(wherein("--library", tmp_path / "w8a8", "status", "--json"))
    assert status["precision"] == "w8a8"  # what a library was begun with stays
    assert wherein("--library", tmp_path / "w8a8", "query", "lease").exit_code == 0
    kept.write_text("{broken")
    assert wherein("--library", tmp_path / "third", "--model", "tiny", "ingest", docs).exit_code == 0
