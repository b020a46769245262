"""The commands as a person or a script runs them, in processes of their own."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from wherein import cli
from wherein.embed.metric import METRICS
from wherein.evaluation import modes
from wherein.storage.index.choices import CHOICES

ROOT = Path(cli.__file__).parent
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(f"In town {n} the market opens at {n + 5} o'clock in the morning.\n" * 3)
    return folder


def test_from_documents_to_an_answer(wherein: Command, docs: Path) -> None:
    done = wherein("ingest", str(docs))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("6 new, 0 changed, 0 unchanged; 6 chunks, 6 embedded")
    answer = json.loads(wherein("query", "when does the market of town 3 open?", "-n", "2", "--json").stdout)
    assert set(answer) == {"schema", "question", "truncated", "mode", "notes", "hits"}
    assert {"rank", "score", "uri", "title", "start", "end", "text"} <= set(answer["hits"][0])
    assert answer["hits"][0]["uri"].endswith("3.txt")
    shown = wherein("query", "when does the market of town 3 open?", "-n", "1").stdout
    assert "docs/3.txt:1" in shown
    assert "8 o'clock" in shown


def test_the_prompt_answers_each_line(wherein: Command, docs: Path) -> None:
    wherein("ingest", str(docs))
    shown = wherein("query", "-n", "1", stdin="market of town 1\nmarket of town 4\n").stdout
    assert "1.txt" in shown
    assert "4.txt" in shown


def test_exit_codes_and_one_sentence_each(wherein: Command, docs: Path) -> None:
    for arguments, code, words in (
        (("query", "anything"), 1, "wherein ingest"),
        (("ingest", "nowhere"), 2, "no file or folder nowhere"),
        (("ingest", str(docs)), 0, ""),
        (("documents", "show", "nothing"), 2, "no document nothing"),
        (("--precision", "w8a8", "ingest", str(docs)), None, ""),
        (("query", ""), 2, "empty"),
        (("query", "-n", "0", "x"), 2, "-n"),
    ):
        done = wherein(*arguments)
        if code is not None:
            assert (done.returncode, words in done.stderr) == (code, True), (arguments, done)
        assert "Traceback" not in done.stderr
    (docs / "bad.txt").write_bytes(b"\xe9")
    done = wherein("ingest", str(docs), "--json")
    assert done.returncode == 3
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["planned", "failed", "progress", "summary"]
    assert (events[-1]["unchanged"], events[-1]["failed"]) == (6, 1)


def test_looking_after_a_library(wherein: Command, docs: Path) -> None:
    wherein("ingest", str(docs))
    status = json.loads(wherein("status", "--json").stdout)
    assert (status["documents"], status["chunks"], status["vectors"], status["generation"]) == (6, 6, 6, 1)
    assert len(wherein("documents", "list").stdout.splitlines()) == 6
    assert "market" in wherein("documents", "show", str(docs / "2.txt")).stdout
    assert wherein("documents", "remove", str(docs / "2.txt")).returncode == 0
    assert len(wherein("documents", "list").stdout.splitlines()) == 5
    assert str(docs) in wherein("sources", "list").stdout
    assert wherein("sources", "remove", str(docs)).returncode == 0
    assert wherein("sources", "list").stdout == ""
    assert wherein("ingest", "-", "--name", "memo", stdin="The memo is about lanterns.").returncode == 0
    assert "stdin:memo" in wherein("query", "lanterns", "-n", "1").stdout


def test_evaluate_squad_counts_what_the_card_counts(wherein: Command, tmp_path: Path) -> None:
    def paragraph(context: str, question: str) -> dict[str, object]:
        return {"context": context, "qas": [{"question": question, "id": "1", "answers": []}]}

    data = [
        {
            "title": "t",
            "paragraphs": [
                paragraph("Cats sleep all day.", "What do cats do all day?"),
                paragraph("Bread is baked in an oven.", "Where is bread baked?"),
                paragraph("The moon circles the earth.", "Where is bread baked?"),
            ],
        }
    ]
    (tmp_path / "squad.json").write_text(json.dumps({"version": "1.1", "data": data}))
    found = json.loads(wherein("evaluate", "squad", "squad.json", "--json").stdout)
    assert (found["contexts"], found["questions"]) == (3, 3)
    assert found["top_1"] == pytest.approx(66.67)
    assert found["top_5"] == 100.0


def test_killed_at_any_moment_the_next_run_ends_where_an_undisturbed_one_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    moments = np.random.default_rng(7).uniform(0.3, 1.8, 20)
    ingest = [sys.executable, "-m", "wherein", "--precision", "w8a32", "ingest", str(folder)]
    ids: dict[bytes, int] = {}
    for number, moment in enumerate(moments):
        for n in range(3 * number, 3 * number + 3):  # so that every run has something to do
            lines = (f"Lot {n}, line {m}: {n * m} apples and {n + m} pears." for m in range(9))
            (folder / f"{n}.txt").write_text("\n\n".join(lines))
        process = subprocess.Popen(ingest, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for name, number in _vectors(tmp_path / "library").items():
            assert ids.setdefault(name, number) == number  # embedded once, kept for good
    assert subprocess.run(ingest, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
    undisturbed = {**environment, "WHEREIN_LIBRARY": str(tmp_path / "undisturbed")}
    assert subprocess.run(ingest, env=undisturbed, stdout=subprocess.DEVNULL, check=False).returncode == 0
    (spans, vectors), (expected_spans, expected) = _content(tmp_path / "library"), _content(tmp_path / "undisturbed")
    assert spans == expected_spans
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def _vectors(library: Path) -> dict[bytes, int]:
    if not (library / "catalog.db").exists():
        return {}
    db = sqlite3.connect(library / "catalog.db")
    try:
        return dict(db.execute("SELECT input_hash, id FROM vectors"))
    except sqlite3.OperationalError:  # killed before the first table
        return {}
    finally:
        db.close()


def _content(library: Path) -> tuple[list[tuple[object, ...]], np.ndarray]:
    db = sqlite3.connect(library / "catalog.db")
    rows = db.execute(
        'SELECT d.uri, d.text, c.start, c."end", v.vector FROM chunks c JOIN documents d ON d.id = c.document_id'
        " JOIN vectors v ON v.input_hash = c.input_hash ORDER BY d.uri, c.ordinal"
    ).fetchall()
    db.close()
    return [row[:-1] for row in rows], np.stack([np.frombuffer(row[-1], "<f4") for row in rows])


def test_every_command_and_option_has_help() -> None:
    def check(command: click.Command, path: str) -> None:
        result = CliRunner().invoke(cli.main, [*path.split(), "--help"])
        assert result.exit_code == 0
        context = click.Context(command)
        for name in command.list_commands(context) if isinstance(command, click.Group) else ():
            assert isinstance(command, click.Group)
            sub = command.get_command(context, name)
            assert sub, name
            assert sub.help, name
            for option in sub.params:
                assert isinstance(option, click.Argument) or option.help, (name, option.name)
            check(sub, f"{path} {name}")

    check(cli.main, "")


def test_the_choices_of_the_options_are_those_of_the_library() -> None:
    def choices(command: str, option: str) -> tuple[str, ...]:
        found: click.Command | None = cli.main
        for name in command.split():
            assert isinstance(found, click.Group)
            found = found.get_command(click.Context(found), name)
        assert found
        kind = next(parameter.type for parameter in found.params if parameter.name == option)
        assert isinstance(kind, click.Choice)
        return tuple(kind.choices)

    assert choices("query", "mode") == choices("evaluate squad", "mode") == tuple(modes.MODES)
    assert choices("reindex", "index") == CHOICES
    assert choices("model add", "metric") == METRICS
