"""Progress on standard error: a bar for a run that reads or embeds, one changing line for other work.

Without a terminal nothing is drawn, and rich is not imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from wherein.commands.output import warn
from wherein.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from wherein.commands.reporter import RunReporter

__all__ = ["run_progress", "status_line"]


@contextmanager
def run_progress(as_json: bool) -> Iterator[RunReporter]:
    """Yield the reporter of a run: JSON lines, a bar on a terminal, or only the messages at the end."""
    from wherein.commands.reporter import JsonReporter, TextReporter  # they import the events of a run

    if as_json:
        yield JsonReporter()
        return
    if not sys.stderr.isatty():
        yield TextReporter()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield TextReporter(bar)


@contextmanager
def status_line(as_json: bool, if_interrupted: str) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows on a terminal what is being done.

    Ctrl-C ends the command with exit code 130 and the message `if_interrupted`, which says what was left behind.
    """
    try:
        if as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console

        with Console(stderr=True).status("") as status:
            yield status.update
    except KeyboardInterrupt:
        warn(f"interrupted; {if_interrupted}; run the same command again")
        click.get_current_context().exit(EXIT_INTERRUPTED)
