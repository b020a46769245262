"""How the events of an ingest or a reindex are shown: as JSON lines, or to a person with a bar.

Imported when a run begins: the events bring the catalog's modules with them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

import click

from wherein.commands.output import MAX_LISTED, display_uri, format_duration, print_event
from wherein.ingest.progress.events import (
    Ahead,
    CaughtUp,
    DocumentDone,
    Note,
    Progress,
    RunProblem,
    Stopped,
    Summary,
    Watching,
)
from wherein.ingest.progress.reindex_report import ReindexReport, Stage
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from wherein.ingest.progress.dry_run import Plan

__all__ = ["Event", "JsonReporter", "RunReporter", "TextReporter", "describe_problem", "describe_summary"]

Event = RunProblem | Note | DocumentDone | Ahead | Progress | Stopped | Stage | ReindexReport | Watching | CaughtUp

_EVENTS = {DocumentDone: "document", Note: "note", Ahead: "planned", Stopped: "stopped", Watching: "watching"}

_PROGRESS_SECONDS = 1.0
_COUNTS = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")
_ALWAYS_SHOWN = ("new", "changed", "unchanged")
_PLANNED = {
    "new": "add {:,}",
    "changed": "update {:,}",
    "unchanged": "leave {:,} unchanged",
    "moved": "move {:,}",
    "removed": "remove {:,}",
    "skipped": "skip {:,}",
    "failed": "fail on {:,}",
}


class RunReporter(Protocol):
    """Shows the events of a run as they happen, and its summary."""

    shows_progress: bool
    """Whether the run should look ahead, so that the total is known."""

    def __call__(self, event: Event) -> None:
        """Show an event."""

    def dry_run(self, event: Event) -> None:
        """Show an event of a run that changes nothing."""

    def plan(self, plan: Plan) -> None:
        """Show what a dry run found."""

    def summary(self, summary: Summary) -> None:
        """Show the figures of a run that has ended."""


class JsonReporter:
    """Prints one JSON object for each event (docs/events.md), for progress at most one a second."""

    shows_progress = True

    def __init__(self) -> None:
        self._last_progress = 0.0

    def __call__(self, event: Event) -> None:
        """Print an event."""
        match event:
            case RunProblem():
                print_event(event.kind, {"uri": event.uri, "reason": event.reason})
            case DocumentDone() | Note() | Ahead() | Stopped() | Watching():
                print_event(_EVENTS[type(event)], asdict(event))
            case Progress():
                self._progress(event)
            case Stage():
                print_event("stage", _stage_fields(event))
            case CaughtUp():
                self.summary(event.summary)
            case ReindexReport():
                print_event("night", {**asdict(event), "stages": [_stage_fields(stage) for stage in event.stages]})

    dry_run = __call__

    def plan(self, plan: Plan) -> None:
        """Print what a dry run found."""
        print_event("plan", plan.as_dict())

    def summary(self, summary: Summary) -> None:
        """Print the figures of a run."""
        print_event("summary", summary.as_dict())

    def _progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last_progress >= _PROGRESS_SECONDS:
            self._last_progress = now
            print_event("progress", asdict(progress))


class TextReporter:
    """Shows a run to a person: a bar if there is one, each stage as it ends, and at the end the problems."""

    def __init__(self, bar: Bar | None = None) -> None:
        self.shows_progress = bar is not None
        self._bar = bar
        self._task = bar.add_task("looking for files", total=None, rate="", left="") if bar else None
        self._problems: list[RunProblem] = []
        self._notes: list[Note] = []

    def __call__(self, event: Event) -> None:
        """Show an event, or keep it for the end."""
        match event:
            case RunProblem():
                self._problems.append(event)
            case Note():
                self._notes.append(event)
            case Progress():
                self._update_bar(event)
            case Stopped():
                click.echo(f"stopped: {event.why}", err=True)
            case Stage():
                detail = f": {event.said}" if event.said else ""
                click.echo(f"{event.name}{detail} ({event.seconds:,.1f} s)", err=True)
            case ReindexReport():
                _print_report(event)

    def dry_run(self, event: Event) -> None:
        """Keep a problem for the end; documents that would be read are no progress."""
        if isinstance(event, RunProblem):
            self._problems.append(event)
        elif isinstance(event, Note):
            self._notes.append(event)

    def plan(self, plan: Plan) -> None:
        """Print the problems that a dry run met, then what the run would do."""
        for problem in self._problems:
            click.echo(describe_problem(problem), err=True)
        self._print_notes()
        counts = plan.as_dict()
        actions = [_PLANNED[kind].format(counts[kind]) for kind in _shown_counts(counts)]
        click.echo(f"would {', '.join(actions)}")
        click.echo(
            f"{counted(plan.chunks, 'chunk')}, {plan.embedded:,} to embed ({plan.tokens:,} tokens): about"
            f" {format_duration(plan.seconds)} on this machine"
        )
        if plan.gone:
            click.echo(f"{plan.gone:,} documents are no longer in these sources; reindex would remove them")

    def summary(self, summary: Summary) -> None:
        """Print the problems of a run, then its figures."""
        for line in _problem_lines(self._problems):
            click.echo(line, err=True)
        self._print_notes()
        click.echo(describe_summary(summary))

    def _print_notes(self) -> None:
        for note in self._notes[:MAX_LISTED]:
            click.echo(f"note: {display_uri(note.uri)}: {note.text}", err=True)
        if len(self._notes) > MAX_LISTED:
            click.echo(f"note: {len(self._notes) - MAX_LISTED:,} more; --json prints them all", err=True)

    def _update_bar(self, progress: Progress) -> None:
        if self._bar is None or self._task is None:
            return
        elapsed, left = self._bar.tasks[0].elapsed or 0.0, progress.seconds_left
        self._bar.update(
            self._task,
            description=f"{progress.documents:,} documents",
            rate=f"{progress.embedded / elapsed:,.1f} chunks/s" if elapsed else "",
            left=f"left: {format_duration(left)}" if left is not None else "",
            # The unit of the bar is seconds, so that it agrees with the estimate of the time left.
            total=None if left is None else elapsed + left,
            completed=elapsed,
        )


def _stage_fields(stage: Stage) -> dict[str, object]:
    # `said` is the earlier name of `detail`, which scripts may rely on.
    return {"name": stage.name, "seconds": stage.seconds, "detail": stage.said, "said": stage.said}


def _print_report(report: ReindexReport) -> None:
    from wherein.render.reports import reindex_lines

    for line in reindex_lines(report):
        click.echo(line, err=True)


def describe_summary(summary: Summary, shown: Sequence[str] = _ALWAYS_SHOWN) -> str:
    """Return the figures of a run in one line: those of `shown`, and all that are not 0."""
    counts = summary.as_dict()
    figures = ", ".join(_figure(counts, kind) for kind in _COUNTS if counts[kind] or kind in shown)
    chunks = counted(summary.chunks, "chunk")
    return f"{figures}; {chunks}, {summary.embedded:,} embedded, {summary.seconds:,.1f} s"


def _shown_counts(counts: Mapping[str, float]) -> list[str]:
    return [kind for kind in _COUNTS if counts[kind] or kind in _ALWAYS_SHOWN]


def _figure(counts: Mapping[str, float], kind: str) -> str:
    returned = counts["brought_back"] if kind == "new" else 0
    return f"{counts[kind]:,} {kind}" + (f" ({returned:,} brought back)" if returned else "")


def _problem_lines(problems: Sequence[RunProblem]) -> Iterator[str]:
    """Yield the problems, skipped files first, and of each kind no more than a person reads."""
    for kind in ("skipped", "failed"):
        of_kind = [problem for problem in problems if problem.kind == kind]
        yield from map(describe_problem, of_kind[:MAX_LISTED])
        if len(of_kind) > MAX_LISTED:
            more = len(of_kind) - MAX_LISTED
            yield f"{kind}: {more:,} more; list them with: wherein documents list --problems"


def describe_problem(problem: RunProblem) -> str:
    """Return in one line what is not ingested, and why."""
    return f"{problem.kind}: {display_uri(problem.uri)}: {problem.reason}"
