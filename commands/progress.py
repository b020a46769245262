"""How a run is shown while it goes on, and its summary."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click

from wherein.commands.output import MAX_LISTED, SCHEMA, display_uri, format_duration, print_json
from wherein.errors import EXIT_INTERRUPTED, EXIT_PARTLY_FAILED

KINDS = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")
ALWAYS = ("new", "changed", "unchanged")


class RunReporter:
    """Shows a run while it goes on: events, one a line, or a bar on a terminal and at the end what is not in."""

    def __init__(self, bar: Any, as_json: bool) -> None:
        self.problems: list[Any] = []
        self.shown = bar is not None or as_json
        self._as_json = as_json
        self._bar = bar
        self._told_at = 0.0
        self._task = bar.add_task("looking around", total=None, rate="", left="") if bar else None

    def __call__(self, event: Any) -> None:
        """Show an event."""
        tell = {
            "RunProblem": self._tell_problem,
            "DocumentDone": self._tell_document,
            "Ahead": self._tell_ahead,
            "Progress": self._tell_progress,
            "Stopped": self._tell_stopped,
            "Stage": self._tell_stage,
            "ReindexReport": self._tell_night,
        }
        tell[type(event).__name__](event)

    def keep(self, event: Any) -> None:
        """Take note of what is not in, and of nothing else."""
        if type(event).__name__ == "RunProblem":
            self.problems.append(event)

    def _event(self, name: str, event: Any) -> None:
        print_json({"event": name, "schema": SCHEMA, **asdict(event)})

    def _tell_problem(self, problem: Any) -> None:
        if self._as_json:
            print_json({"event": problem.kind, "schema": SCHEMA, "uri": problem.uri, "reason": problem.reason})
        else:
            self.problems.append(problem)

    def _tell_document(self, done: Any) -> None:
        if self._as_json:
            self._event("document", done)

    def _tell_ahead(self, ahead: Any) -> None:
        if self._as_json:
            self._event("planned", ahead)

    def _tell_stopped(self, stopped: Any) -> None:
        if self._as_json:
            self._event("stopped", stopped)
        else:
            click.echo(f"stopped: {stopped.why}", err=True)

    def _tell_progress(self, progress: Any) -> None:
        if self._as_json:
            import time

            if time.monotonic() - self._told_at >= 1:
                self._told_at = time.monotonic()
                self._event("progress", progress)
        elif self._bar:
            self._show(progress)

    def _show(self, progress: Any) -> None:
        elapsed, left = self._bar.tasks[0].elapsed or 0.0, progress.seconds_left
        rate = f"{progress.embedded / elapsed:,.1f} chunks/s" if elapsed else ""
        self._bar.update(
            self._task,
            description=f"{progress.documents:,} documents",
            rate=rate,
            left=f"left: {format_duration(left)}" if left is not None else "",
            total=None if left is None else elapsed + left,
            completed=elapsed,
        )

    def _tell_stage(self, stage: Any) -> None:
        if self._as_json:
            print_json({"event": "stage", "schema": SCHEMA, **asdict(stage)})
        else:
            said = f": {stage.said}" if stage.said else ""
            click.echo(f"{stage.name}{said} ({stage.seconds:,.1f} s)", err=True)

    def _tell_night(self, night: Any) -> None:
        if self._as_json:
            print_json({"event": "night", "schema": SCHEMA, **asdict(night)})
            return
        from wherein.render import night_lines

        for line in night_lines(night):
            click.echo(line, err=True)


@contextmanager
def run_progress(as_json: bool) -> Iterator[RunReporter]:
    """Show a run: a bar on a terminal, events as JSON, or nothing."""
    if as_json or not sys.stderr.isatty():
        yield RunReporter(None, as_json)
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
        yield RunReporter(bar, as_json)


@contextmanager
def status_line(as_json: bool, left: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on, on a terminal; when interrupted, say what is `left`."""
    try:
        if as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console

        with Console(stderr=True).status("") as shown:
            yield shown.update
    except KeyboardInterrupt:
        click.echo(f"wherein: interrupted; {left}, run the same command again", err=True)
        click.get_current_context().exit(EXIT_INTERRUPTED)


def print_summary(summary: Any, report: RunReporter, as_json: bool) -> None:
    """Print the summary, and exit with 3 if something failed."""
    if as_json:
        print_json({"event": "summary", "schema": SCHEMA, **summary.as_dict()})
    else:
        _list_problems(report.problems)
        counts = summary.as_dict()
        said = [f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind] or kind in ALWAYS]
        click.echo(
            f"{', '.join(said)}; {summary.chunks:,} chunks, {summary.embedded:,} embedded, {summary.seconds:,.1f} s"
        )
    if summary.failed:
        click.get_current_context().exit(EXIT_PARTLY_FAILED)


def _list_problems(problems: list[Any]) -> None:
    for kind in ("skipped", "failed"):
        mine = [problem for problem in problems if problem.kind == kind]
        for problem in mine[:MAX_LISTED]:
            click.echo(f"{kind}: {display_uri(problem.uri)}: {problem.reason}", err=True)
        if len(mine) > MAX_LISTED:
            more = len(mine) - MAX_LISTED
            click.echo(f"{kind}: {more:,} more; list them with: wherein documents list --problems", err=True)
