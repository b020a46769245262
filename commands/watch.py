"""`wherein watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wherein.commands.options import GlobalOptions, json_option
from wherein.commands.output import display_uri, warn
from wherein.errors import EXIT_INTERRUPTED
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from wherein.commands.reporter import Event

__all__ = ["watch"]

_COUNTED = ("new", "changed", "moved", "removed")


@click.command()
@click.option(
    "--every",
    type=click.IntRange(1, 10_000),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="How often to walk all sources, in case the system has dropped a notice.",
)
@json_option
@click.pass_obj
def watch(options: GlobalOptions, every: int, as_json: bool) -> None:
    """Follow all sources until Ctrl-C: ingest saved files at once, and remove deleted ones by the rules of reindex.

    Web pages are not followed; reindex fetches them.
    """
    from wherein.commands.reporter import JsonReporter

    library = options.open_library()
    try:
        with library.watch(every=60.0 * every, report=JsonReporter() if as_json else WatchReporter()) as watcher:
            watcher.wait()
    except KeyboardInterrupt:
        warn("stopped; what was done is kept, and the next watch or reindex catches up with the rest")
        click.get_current_context().exit(EXIT_INTERRUPTED)


class WatchReporter:
    """Prints a line when something has changed, and each problem and note once until it changes.

    With `err` all of it goes to standard error.
    """

    def __init__(self, *, err: bool = False) -> None:
        self._err = err
        self._shown: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Show an event."""
        from wherein.commands.reporter import describe_problem, describe_summary
        from wherein.ingest.progress.events import CaughtUp, Note, RunProblem, Watching

        match event:
            case RunProblem():
                self._once(event.uri, describe_problem(event))
            case Note():
                self._once(event.uri, f"note: {display_uri(event.uri)}: {event.text}")
            case Watching():
                click.echo(f"watching {counted(event.sources, 'source')}", err=self._err)
            case CaughtUp() if any(getattr(event.summary, kind) for kind in _COUNTED):
                click.echo(describe_summary(event.summary, shown=()), err=self._err)

    def _once(self, subject: str, line: str) -> None:
        if self._shown.get(subject) != line:
            self._shown[subject] = line
            click.echo(line, err=True)
