"""The prompt of `wherein query`: piped questions, and a terminal with a history."""

import os
import pty
import select
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from wherein.commands.prompt import each_question

Run = Callable[..., Result]

ASK = "from wherein.commands.prompt import each_question\nfor question in each_question(): print('<' + question + '>')"


@pytest.mark.parametrize(
    ("stdin", "places"),
    [
        (b"cats\n\nlease\n", ["cats.txt", "lease.txt"]),
        (b"\n\n \t\ncats\r\n\r\nlease", ["cats.txt", "lease.txt"]),
        ("cats\n\nlease".encode("utf-8-sig"), ["cats.txt", "lease.txt"]),
        ("cats\n\nlease\n".encode("utf-16"), ["cats.txt", "lease.txt"]),
        (b"cats \xff\nlease", ["cats.txt", "lease.txt"]),
        (b"exit\ncats\n", ["cats.txt"]),  # a question like any other, which no passage answers
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_each_piped_question_is_answered(run: Run, stdin: bytes, places: list[str]) -> None:
    result = run("query", "-n", "1", "--mode", "keyword", stdin=stdin)
    assert result.exit_code == 0
    assert [line.split("/")[1].split(":")[0] for line in result.stdout.splitlines() if "docs/" in line] == places


def test_piped_questions_after_one_without_a_fresh_passage_are_answered(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "cats.txt").write_text("Changed.")
    result = run("query", "--mode", "keyword", "--require-fresh", stdin="cats\nlease\n")
    assert result.exit_code == 6
    assert "lease.txt" in result.stdout
    assert "none is fresh" in result.stderr


def test_closed_standard_input_is_an_error() -> None:
    for arguments in ([], ["--batch", "-"]):
        code = f"import sys; sys.stdin = None; from wherein.cli import main; main({['query', *arguments]})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("wherein: Standard input is closed; ")


class Terminal:
    """A prompt in a process of its own, at a terminal."""

    def __init__(self, history: Path | str, **environment: str) -> None:
        self._master: int | None
        self._master, slave = pty.openpty()
        # TERM=dumb: readline then sends few escape sequences.
        changed = {"TERM": "dumb", "WHEREIN_HISTORY": str(history), "LC_ALL": "C.UTF-8", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-c", ASK], stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **changed}
        )
        os.close(slave)
        self.shown = ""

    def type(self, text: str | bytes, until: str = "question> ") -> str:
        """Type a text when the prompt stands there; return what is shown up to the next `until`."""
        os.write(self._master, text.encode() if isinstance(text, str) else text)
        return self.wait(until)

    def wait(self, until: str = "question> ") -> str:
        shown, deadline = "", time.monotonic() + 60
        while until not in shown:
            assert select.select([self._master], [], [], deadline - time.monotonic())[0], shown
            shown += os.read(self._master, 4096).decode("utf-8", "replace")
        return shown

    def end(self, text: str) -> int:
        os.write(self._master, text.encode())
        return self.process.wait(60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._master is not None:
            os.close(self._master)
        self._master = None


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(history: Path | str = tmp_path / "state" / "history", **environment: str) -> Terminal:
        opened.append(Terminal(history, **environment))
        opened[-1].wait()
        return opened[-1]

    yield start
    for each in opened:
        each.close()


UP = "\x1b[A"


@pytest.mark.parametrize("word", ["exit\n", "quit\n", "  :q \n", "\x04"])
def test_the_prompt_ends(terminal: Callable[..., Terminal], word: str) -> None:
    prompt = terminal()
    assert "<who may sign?>" in prompt.type("who may sign?\n")
    assert "<" not in prompt.type("\n")
    assert "<" not in prompt.type("   \n")
    assert "<exit now>" in prompt.type("exit now\n")
    assert prompt.end(word) == 0


def test_questions_come_back_in_the_next_session(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    first = terminal()
    for question in ("who may sign?", "wer schläft?", "wer schläft?", ""):
        first.type(f"{question}\n")
    first.close()  # as when the terminal is closed
    history = tmp_path / "state" / "history"
    assert history.read_text() == "who may sign?\nwer schläft?\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    second = terminal()
    assert "<wer schläft?>" in second.type(f"{UP}\n")
    assert "<who may sign?>" in second.type(f"{UP}{UP}\n")
    assert second.end("exit\n") == 0
    assert history.read_text() == "who may sign?\nwer schläft?\nwho may sign?\n"


def test_without_a_history_the_prompt_works(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for history in ("", tmp_path, tmp_path / "file" / "history", tmp_path / "link", tmp_path / "pipe", "/dev/full"):
        prompt = terminal(history)
        assert "<who?>" in prompt.type("who?\n")
        assert prompt.end("\x04") == 0
    assert (tmp_path / "file").read_bytes() == b""
    assert stat.S_IMODE(Path("/dev/full").stat().st_mode) == 0o666


def test_the_history_of_others_is_made_private(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    history = tmp_path / "history"
    history.write_bytes(b"caf\xe9\n")
    history.chmod(0o644)
    prompt = terminal(history)
    assert "<caf" in prompt.type(f"{UP}\n")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_the_history_is_in_the_state_folder(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    code = "from wherein.commands.prompt import _history_file; print(_history_file())"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "s"), "HOME": str(tmp_path)}
    environment.pop("WHEREIN_HISTORY", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).name == "history"
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_bytes_that_are_not_utf_8_end_nothing_at_a_terminal(terminal: Callable[..., Terminal]) -> None:
    prompt = terminal()
    assert "<caf" in prompt.type(b"caf\xe9 x\n")
    assert "<next>" in prompt.type("next\n")


def test_the_iterator_of_piped_questions_is_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read, encoding="utf-8") as stdin, os.fdopen(write, "wb", buffering=0) as out:
        monkeypatch.setattr(sys, "stdin", stdin)
        questions = each_question()
        for question in ("one", "two"):  # each is answered before the next is asked
            out.write(f"{question}\n".encode())
            assert next(questions) == question
