"""`wherein evaluate` as a person or a script runs it; once with the shipped model."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from small_collection import write_collection
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.embed.model import DEFAULT_MODEL
from wherein.installation import install_command

FIGURES = ["top_1", "top_5", "top_10", "top_20", "mrr", "ndcg_10", "recall_10"]
ROW = [*FIGURES, "questions", "contexts", "model", "folder", "precision", "mode"]
Run = Callable[..., Result]


@pytest.fixture
def wherein(tmp_path: Path, compiled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(GlobalOptions, "cache", compiled_cache)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        library = ["--library", str(tmp_path / "library"), "--precision", "w8a32"]
        return CliRunner().invoke(cli.main, [*library, "evaluate", *arguments], catch_exceptions=False)

    return run


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    texts = {
        "c1": ("Sleep of cats", "A cat rests for most of the day and hunts at dusk."),
        "c2": ("Bread", "The dough rises for two hours and is baked in a hot oven."),
        "c3": ("", "The moon goes round the earth once in a month."),
        "c4": ("Tenancy", "The lease is signed by the owner or by the manager of the house."),
    }
    questions = {"q1": "when do cats hunt?", "q2": "how long does dough rise?", "q3": "who may sign the lease?"}
    return write_collection(tmp_path / "beir", texts, questions, {"q1": "c1", "q2": "c2", "q3": "c4"})


def test_the_shipped_model_on_a_small_collection(wherein: Run, beir: Path, tmp_path: Path) -> None:
    found = json.loads(wherein("beir", "beir", "--json").stdout)
    assert list(found) == ["schema", *ROW]
    assert [found[name] for name in FIGURES] == [100.0] * 7
    assert (found["questions"], found["contexts"], found["mode"], found["precision"]) == (3, 4, "hybrid", "w8a32")
    assert found["model"] == json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8"))["name"]

    shutil.copytree(DEFAULT_MODEL, tmp_path / "other")
    two = json.loads(wherein("beir", "beir", "--compare", "default", "other", "--json").stdout)
    assert list(two) == ["schema", *ROW, "compared"]
    (other,) = two["compared"]
    assert list(other) == [*ROW, "comparison"]
    assert (other["folder"], other["ndcg_10"]) == ("other", 100.0)
    assert other["comparison"] == {
        "measure": "ndcg_10", "difference": 0.0, "better": 0, "worse": 0, "equal": 3,
        "test": "paired randomisation test", "p": 1.0,
    }  # fmt: skip
    shown = wherein("beir", "beir", "--model", "default", "--model", "other", "--model", "default").stdout.splitlines()
    assert shown[0].split() == [*FIGURES, "mode", "model"]
    assert [line.split()[0] for line in shown[1:4]] == ["1", "2", "3"]
    assert shown[2].split() == ["2", *["100.00"] * 7, "hybrid", "other"]
    assert shown[4] == (
        "2 against 1: ndcg_10 +0.00; 0 questions better, 0 worse, 3 equal; p = 1.0000 (paired randomisation test)"
    )
    assert shown[5].startswith("3 against 1: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("beir", "nowhere"), "nowhere/corpus.jsonl cannot be read: No such file or directory"),
        (("beir", "beir", "--model", "nowhere"), "There is no model nowhere"),
        (
            ("beir", "beir", "--compare", "semantic", "nowhere"),
            "takes two modes (hybrid, semantic, keyword), or",
        ),
        (
            ("beir", "beir", "--compare", "a", "b", "--model", "c"),
            "takes two modes (hybrid, semantic, keyword), or",
        ),
        (
            ("golden", "golden.jsonl", "--compare", "a", "b"),
            "takes two modes here: hybrid, semantic, keyword",
        ),
        (("squad", "nowhere.json"), "nowhere.json cannot be read"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_one_sentence(
    wherein: Run, beir: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = wherein(*arguments)
    assert (done.exit_code, words in done.stderr, done.stdout) == (2, True, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [("ir_measures", ("beir", "beir")), ("scipy.stats", ("squad", "none", "--compare", "semantic", "semantic"))],
)
def test_a_missing_extra_is_an_error_before_the_work_starts(
    wherein: Run, beir: Path, monkeypatch: pytest.MonkeyPatch, missing: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    done = wherein(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert install_command("evaluate") in done.stderr


def test_a_golden_file_is_measured_on_the_library(wherein: Run, tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The lease is signed by the owner of the house.", "utf-8")
    (tmp_path / "bread.txt").write_text("Dough rises for two hours.", "utf-8")
    library = ["--library", str(tmp_path / "library"), "--precision", "w8a32", "ingest", "lease.txt", "bread.txt"]
    assert CliRunner().invoke(cli.main, library).exit_code == 0
    lines = [
        {"question": "who signs the lease?", "documents": ["lease.txt"]},
        {"question": "how long does dough rise?", "documents": ["bread.txt", "cake.txt"]},
    ]
    (tmp_path / "golden.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    found = json.loads(wherein("golden", "golden.jsonl", "--json").stdout)
    assert list(found) == ["schema", *ROW, "missing"]
    assert (found["top_1"], found["recall_10"], found["missing"]) == (100.0, 75.0, ["cake.txt"])
    assert (found["questions"], found["contexts"]) == (2, 2)
    done = wherein("golden", "golden.jsonl")
    assert done.stderr == "wherein: not in the library: cake.txt\n"
    assert "recall_10  75.0" in done.stdout
    (tmp_path / "golden.jsonl").write_text('{"question": "who?"}\n', "utf-8")
    done = wherein("golden", "golden.jsonl")
    assert (done.exit_code, "golden.jsonl, line 1, is not" in done.stderr) == (2, True)
