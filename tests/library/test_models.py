"""Libraries and their models: found again without a word, never mixed, refused when a file is not what it was."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tiny import write_tiny
from toy_reader import echo, write_graph
from wherein import cli
from wherein.embed.answer_extractor import installed_answer_model, load_answer_model
from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, WEIGHTS, load_model
from wherein.embed.models.importing import ImportOptions, add_model
from wherein.embed.models.installed import MODELS_VARIABLE, damaged_files, find_model, fingerprints
from wherein.errors import Damaged, ModelMismatch, UsageError
from wherein.library import Library

LEASE = "the lease is signed by the owner"
CATS = "a cat sleeps all day"
QUESTION = "the lease is signed by the owner of the house"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.txt").write_text(LEASE)
    (folder / "cats.txt").write_text(CATS)
    return folder


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Library]:
    return lambda model=None: Library(tmp_path / "library", precision="w8a32", model=model, cache=tmp_path / "cache")


@pytest.fixture
def tiny(tmp_path: Path, models: Path) -> Path:
    """An installed model, and the zoo folder that it came from."""
    add_model(write_tiny(tmp_path / "zoo"), models)
    return tmp_path / "zoo"


def best(library: Library) -> str:
    return library.query(QUESTION, 1).hits[0].text


def test_a_library_is_opened_with_the_model_that_it_was_begun_with(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    assert (opened().status().model, opened().status().precision) == ("tiny", "w8a32")
    assert best(opened()) == LEASE
    (docs / "more.txt").write_text("bread dough is kneaded")
    assert opened().ingest([str(docs)]).embedded == 1
    assert best(opened("tiny")) == best(opened(models / "tiny")) == best(opened(str(models / "tiny"))) == LEASE
    (models / "tiny").rename(models / "renamed")  # it is known by its fingerprint, whatever its name
    assert best(opened()) == LEASE
    assert not [found for found in opened().verify(deep=True).findings if not found.harmless]


def test_a_library_is_not_used_with_another_model(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path, tmp_path: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    other = add_model(write_tiny(tmp_path / "other", seed=1), models, ImportOptions(name="other")).model
    bound, others = fingerprints(find_model("tiny", models))["w8a32"], fingerprints(other)["w8a32"]
    words = rf"made with tiny {bound}, but the model here is other {others}; .*wherein reindex --model other"
    for use in (lambda: best(opened("other")), lambda: opened("other").ingest([str(docs)])):
        with pytest.raises(ModelMismatch, match=words):
            use()
    with pytest.raises(UsageError, match="There is no model nothing"):
        best(opened("nothing"))
    with pytest.raises(UsageError, match="wherein model add"):
        best(opened(tiny))
    with pytest.raises(UsageError, match="wherein model fetch"):
        best(opened("bert-small-uncased-whole-word-masking-squad-emb-int8-0001"))
    assert best(opened()) == LEASE


def test_a_library_whose_model_is_gone_says_so_until_it_is_back(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    bound = fingerprints(find_model("tiny", models))["w8a32"]
    shutil.rmtree(models / "tiny")
    shipped = load_model()
    words = rf"made with tiny {bound}, .*{shipped.name} {fingerprints(shipped)['w8a32']}; install that model again"
    with pytest.raises(ModelMismatch, match=words):
        best(opened())
    assert opened().status().documents == 2
    add_model(tiny, models)
    assert best(opened()) == LEASE


def variant(models: Path, name: str = "variant") -> Path:
    """Install the shipped model's own files under another length, so that its fingerprint is another one."""
    folder = Path(shutil.copytree(DEFAULT_MODEL, models / name))
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**about, "name": name, "question_tokens": 30}))
    return folder


def truncated(path: Path, _: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def flipped(path: Path, _: Path) -> None:
    """Change a bit in a way that neither size nor time of modification tells."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def of_another_model(path: Path, other: Path) -> None:
    shutil.copy(other / path.name, path)


def gone(path: Path, _: Path) -> None:
    path.unlink()


def test_each_kind_of_damage_to_the_real_model_is_named_and_the_shipped_one_still_works(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path, tmp_path: Path, compiled_cache: Path
) -> None:
    folder = variant(models)
    opened("variant").ingest([str(docs)])
    assert best(opened()) == LEASE  # its compiled graph is kept, and yet damage to what it was made from is told
    (docs / "new.txt").write_text("bread dough is kneaded")
    ask, take_in = lambda: best(opened()), lambda: opened().ingest([str(docs)])
    for name in (IR, WEIGHTS, TOKENIZER):
        for harm, use in ((truncated, ask), (flipped, ask), (of_another_model, take_in), (gone, take_in)):
            harm(folder / name, models / "tiny")
            with pytest.raises(Damaged, match=name):
                use()
            assert len(damaged_files(find_model("variant", models))) == 1
            found = opened().verify().findings
            assert len(found) == 1, found
            (finding,) = found
            assert (finding.part, finding.place) == ("model", str(folder))
            assert name in finding.what
            shutil.copy(DEFAULT_MODEL / name, folder / name)
    manifest = (folder / "model.json").read_text()
    (folder / "model.json").write_text(manifest[:300])
    with pytest.raises(Damaged, match=r"variant/model\.json"):
        best(opened())
    (folder / "model.json").write_text(manifest.replace(load_model().sha256[WEIGHTS], 64 * "0"))
    changed = fingerprints(load_model(folder))["w8a32"]
    with pytest.raises(ModelMismatch, match=f"made with variant .* here is variant {changed}"):
        best(opened())
    shipped = Library(tmp_path / "shipped", precision="w8a32", cache=compiled_cache)
    assert shipped.ingest([str(docs)]).embedded == 3
    assert best(shipped) == LEASE
    (folder / "model.json").write_text(manifest)
    assert best(opened()) == LEASE


# The commands.


@pytest.fixture
def wherein(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))
    monkeypatch.setenv("WHEREIN_LIBRARY", str(tmp_path / "library"))
    return lambda *arguments: CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


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
        ("mine", "installed"),
        ("bert-small-uncased-whole-word-masking-squad-emb-int8-0001", "available"),
        ("bert-small-uncased-whole-word-masking-squad-int8-0002", "available"),
    ]
    assert [row["dimension"] for row in listed] == [384, 6, 1024, 0]
    assert [row["bytes"] for row in listed][::2] == [23979920, 42931600]
    assert listed[2]["top_5"] == 87.6
    assert "mine" in wherein("model", "list").stdout
    (shown,) = lines(wherein("model", "show", "mine", "--json"))
    assert (shown["context_tokens"], shown["question_tokens"], shown["damage"]) == (200, 20, [])
    assert shown["fingerprints"] == added["fingerprints"] == fingerprints(find_model("mine", models))
    assert str(models / "mine") in wherein("model", "show", "mine").stdout
    assert "FP16-INT8/bert-small" in wherein("model", "show", str(listed[2]["name"])).stdout
    assert wherein("--model", "mine", "ingest", docs).exit_code == 0
    (status,) = lines(wherein("status", "--json"))
    assert status["model"] == "mine"
    (answer,) = lines(wherein("query", "who may sign the lease?", "--json"))
    assert len(answer["hits"]) == 2  # type: ignore[arg-type]


def test_a_reader_is_taken_in_as_one_and_makes_no_vectors(
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


def test_bench_is_remembered_for_new_libraries(
    wherein: Callable[..., Result], docs: Path, tiny: Path, tmp_path: Path
) -> None:
    (found,) = lines(wherein("model", "bench", "tiny", "--seconds", "0.1", "--json"))
    assert (found["model"], found["context_tokens"], found["question_tokens"]) == ("tiny", 384, 32)
    speeds = {row["precision"]: row for row in found["speeds"]}  # type: ignore[attr-defined]
    assert set(speeds) == {"w8a8", "w8a32"}
    assert all(rate > 0 for row in speeds.values() for name, rate in row.items() if name != "precision")
    assert "questions/s" in wherein("--model", "tiny", "model", "bench", "--seconds", "0.1").stdout
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
