"""Long text on a terminal, through the user's pager."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import click

from wherein.commands.output import warn
from wherein.terminal import Terminal, row_count

__all__ = ["Pager"]

# Quit if it fits, show colors, leave the text on the screen: as Git and others set it for users who have not chosen.
_LESS = "FRX"


@dataclass(frozen=True)
class Pager:
    """A program that shows text page by page; `command` is its name and its arguments."""

    command: tuple[str, ...]

    @classmethod
    def of_user(cls) -> Self | None:
        """Return the pager that `PAGER` names, else `less`; None where text is to be printed as it is.

        That is where standard input or output is no terminal, where the terminal has no cursor, and where `PAGER` is
        empty or `cat`.
        """
        if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return None
        chosen = os.environ.get("PAGER")
        if chosen is None:
            has_less = os.environ.get("TERM") != "dumb" and shutil.which("less")
            return cls(("less",)) if has_less else None
        try:
            command = tuple(shlex.split(chosen))
        except ValueError:
            command = (chosen,)
        return cls(command) if command and command != ("cat",) else None

    @property
    def _is_less(self) -> bool:
        return Path(self.command[0]).name == "less"

    def print(self, draw: Callable[[Terminal], str], terminal: Terminal) -> None:
        """Print what `draw` returns for a terminal, page by page if it has more rows than the terminal."""
        text = draw(terminal)
        # One row remains for the shell's prompt.
        if not terminal.width or not terminal.height or row_count(text, terminal.width) < terminal.height:
            click.echo(text, nl=False)
            return
        # Other pagers may show the escapes of colors and links as text.
        shown = text if self._is_less else draw(replace(terminal, color=False, links=False))
        try:
            self._show(shown)
        except OSError as error:
            click.echo(text, nl=False)
            warn(f"PAGER is {shlex.join(self.command)}, which cannot be run: {error.strerror}")

    def _show(self, text: str) -> None:
        sys.stdout.flush()
        # -R, whatever LESS says: the text has colors.
        command = [*self.command, "-R"] if self._is_less else [*self.command]
        environment = {"LESS": _LESS, **os.environ}
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process, _interrupts_ignored():
            # Reports no error when the pager ends before it has read everything.
            process.communicate(text.encode(sys.stdout.encoding or "utf-8", "replace"))


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Leave Ctrl-C to the pager, which ends a search with it, and must not be left alone on the terminal."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
