"""The prompt for questions: typed at a terminal, with a history, or piped in, one per line."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click

from wherein.errors import UsageError

__all__ = ["each_question"]

_PROMPT = "question> "
_LAST = frozenset(("exit", "quit", ":q"))
_HISTORY_LENGTH = 1_000
# Never through a link, and without waiting for the reader of a named pipe, where the system has them.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def each_question() -> Iterator[str]:
    """Yield each question from standard input that is not blank, without the white space around it.

    At a terminal `exit`, `quit`, `:q` and the end of the input (Ctrl-D) end the questions. Raises UsageError when
    standard input is closed.
    """
    if sys.stdin is None:
        raise UsageError("Standard input is closed; give the question as an argument")
    return filter(None, map(str.strip, _typed() if sys.stdin.isatty() else _piped()))


def _piped() -> Iterator[str]:
    from wherein.storage.disk.text_lines import text_lines

    return text_lines(sys.stdin.buffer, "replace")


def _typed() -> Iterator[str]:
    remember = _open_history()
    while (line := _read_line()) is not None and line.strip() not in _LAST:
        if line.strip():
            remember(line.strip())
        yield line


def _read_line() -> str | None:
    """Return the next line, None at the end of the input."""
    try:
        if sys.stdout.isatty():
            return input(_PROMPT)
        click.echo(_PROMPT, nl=False, err=True)  # standard output holds the answers alone
        return input()
    except EOFError:
        click.echo(err=True)  # the shell's prompt begins a new line
        return None


# The history.


def _open_history() -> Callable[[str], None]:
    """Let earlier questions be recalled; return the function that adds one. Where that is impossible, nothing is kept.

    `WHEREIN_HISTORY` names another file; empty, it turns the history off.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a terminal may send any bytes
    try:
        import readline

        path = _history_file()
    except (ImportError, OSError):
        return lambda _: None
    readline.set_auto_history(False)  # blank lines and `exit` are not worth keeping
    if path is None:
        return readline.add_history
    with suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(_HISTORY_LENGTH)
    # At once: the terminal may be closed. libedit, where it replaces readline, cannot append.
    append = getattr(readline, "append_history_file", lambda _, path: readline.write_history_file(path))

    def remember(question: str) -> None:
        count = readline.get_current_history_length()
        if count and readline.get_history_item(count) == question:
            return
        with suppress(OSError, ValueError):  # a text that the locale cannot encode
            readline.add_history(question)
            append(1, path)

    return remember


def _history_file() -> Path | None:
    """Return the file of earlier questions, which only its owner can read; None when there is to be none.

    Raises OSError when it cannot be written.
    """
    name = os.environ.get("WHEREIN_HISTORY")
    if name == "":
        return None
    import platformdirs

    path = Path(name).expanduser() if name else platformdirs.user_state_path("wherein", appauthor=False) / "history"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | _CAREFULLY, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        path.chmod(0o600)
    finally:
        os.close(file)
    return path
