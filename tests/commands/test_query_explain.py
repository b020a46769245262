"""`wherein query --explain`, and the note that no hit is a good match."""

import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from lease_among_boxes import ingest_twice, write_docs
from toy import ToyEncoder
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.library import Library


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_docs(tmp_path / "docs")


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    return ingest_twice(tmp_path / "library", docs)


@pytest.fixture
def ask(library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    monkeypatch.setattr(GlobalOptions, "open_library", lambda _: library)
    return lambda *arguments: click.testing.CliRunner().invoke(cli.main, ["query", *arguments])


def test_an_explanation_as_text_and_as_json(library: Library, ask: Callable[..., click.testing.Result]) -> None:
    question = "may sign the lease"
    hit = library.query(question, 1).hits[0]
    shown = ask(question, "-n", "1", "--explain").stdout.splitlines()
    assert f" · very likely, {100 * (hit.chance or 0):.0f} % · fresh" in shown[1]
    assert shown[2] == (
        f"   why: score {hit.score:.4f} · meaning {hit.dense_score:.4f} (rank 1)"
        f" · words (BM25) {hit.keyword_score:.4f} (rank 1) · chance {hit.chance:.4f}"
    )
    assert shown[3:5] == [
        "   overlap with the question: coverage 1.00 · adjacent 1.00 · near 1.00", "   matched: may, sign, the, lease",
    ]  # fmt: skip
    assert shown[-1] == (
        f"answered from: model toy {ToyEncoder().fingerprint}, w8a32; vectors of generation 1 and 1 newer ones;"
        " keywords of generation 2 and 1 newer passages"
    )
    assert "why:" not in ask(question).stdout
    explained = json.loads(ask(question, "--explain", "--json").stdout)
    assert explained["basis"]["generation"] == 1
    assert explained["hits"][0]["overlap"] == {"coverage": 1.0, "adjacent": 1.0, "near": 1.0}
    assert explained["hits"][0]["chance"] == pytest.approx(hit.chance)
    assert "basis" not in json.loads(ask(question, "--json").stdout)


def test_an_explanation_is_as_wide_as_the_terminal(
    ask: Callable[..., click.testing.Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = ask("may sign the lease", "--explain").stdout.splitlines()
    assert max(map(len, lines)) <= 40
    assert any(line.startswith("answered from: model toy") for line in lines)


def test_a_note_on_standard_error_when_there_is_no_good_match(ask: Callable[..., click.testing.Result]) -> None:
    done = ask("zebra", "-n", "2")
    assert done.exit_code == 0
    assert done.stderr == "wherein: no good match; these are the nearest passages\n"
    assert done.stdout.startswith("1. ")
