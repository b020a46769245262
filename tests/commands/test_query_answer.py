"""`wherein query --answer`, with the shipped model: passages with the exact answer marked, as text and as JSON."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toy_reader import echo, write_graph, write_reader
from treaty import ENDS, QUESTION, STARTS, write_docs
from wherein import cli

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_docs(tmp_path / "docs")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("WHEREIN_MODELS", str(folder))
    return folder


@pytest.fixture
def environment(environment: dict[str, str], models: Path) -> dict[str, str]:
    return {**environment, "WHEREIN_MODELS": str(models)}


def test_the_answer_as_text_and_as_json(
    wherein: Command, environment: dict[str, str], docs: Path, models: Path
) -> None:
    assert wherein("ingest", str(docs)).returncode == 0
    write_reader(models / "reader", STARTS, ENDS)
    done = wherein("query", QUESTION, "--answer", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert set(found) == {"schema", "question", "truncated", "mode", "notes", "corrections", "answer", "hits"}
    assert all(set(hit["answer"]) == {"text", "start", "end", "score"} for hit in found["hits"])
    best = max(found["hits"], key=lambda hit: hit["answer"]["score"] ** 0.3 / hit["rank"])
    assert found["answer"] == {**best["answer"], "rank": best["rank"]}
    assert best["answer"]["text"] == "Málaga, a\nparish of LISBON"
    score = f"{best['answer']['score']:.2f}"

    done = wherein("query", QUESTION, "--answer")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"answer: Málaga, a parish of LISBON ({score}) in {best['rank']}.", ""]
    assert f"   answer: Málaga, a parish of LISBON ({score})" in lines
    assert "signed in [[Málaga, a parish of LISBON]], in 2007.\n" in done.stdout
    whole = wherein("query", QUESTION, "--answer", "--full").stdout
    assert "signed in [[Málaga, a\n   parish of LISBON]], in 2007." in whole
    assert "of [[Rome]] was signed in the town of Rome in 1957." in done.stdout

    shown = on_a_terminal([sys.executable, "-m", "wherein", "query", QUESTION, "--answer"], environment)
    assert "\x1b[1m\x1b[4mMálaga, a parish of LISBON\x1b[0m" in shown
    assert "[[" not in shown
    plain = on_a_terminal(
        [sys.executable, "-m", "wherein", "query", QUESTION, "--answer"], {**environment, "NO_COLOR": "1"}
    )
    assert "[[Málaga, a parish of LISBON]]" in " ".join(plain.split())


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    outer, inner = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdout=inner, stdin=subprocess.DEVNULL)
    os.close(inner)
    shown = b""
    try:
        while block := os.read(outer, 65_536):
            shown += block
    except OSError:  # which is how a terminal ends on Linux
        pass
    os.close(outer)
    assert process.wait() == 0
    return shown.decode("utf-8").replace("\r\n", "\n")


def test_without_a_working_answer_model_the_passages_are_shown_with_one_sentence(
    environment: dict[str, str],
    docs: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("WHEREIN_LIBRARY", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, environment[name])

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments, standalone_mode=False)
        return code or 0, *capsys.readouterr()

    def check(code: int, words: str) -> None:
        found, out, err = run("query", QUESTION, "--answer")
        assert (found, out) == (code, passages)
        assert err.startswith("wherein: ")
        assert words in err
        assert err.count("\n") == 1

    run("ingest", str(docs))
    _, passages, _ = run("query", QUESTION, "--no-sentence")
    assert "[[" not in passages
    hits = json.loads(run("query", QUESTION, "--no-sentence", "--json")[1])["hits"]
    folder = write_reader(models / "reader", {"malaga": 5.0}, ENDS)  # of which there is no compiled graph yet
    weights = bytearray((folder / "model.bin").read_bytes())
    weights[1_000] ^= 1
    (folder / "model.bin").write_bytes(weights)
    check(5, "model.bin is damaged")
    code, out, _ = run("query", QUESTION, "--answer", "--json")
    found = json.loads(out)
    assert (code, found["answer"]) == (5, None)
    assert found["hits"] == [{**hit, "answer": None} for hit in hits]
    write_graph(models / "reader", echo, outputs=("start", "end"))
    check(6, "it has no output output_e and no output_s")
