"""What the library holds, what could not be read, and what is being done, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wherein.library import Status
from wherein.server.schemas import Task
from wherein.server.service import Service
from wherein.server.surfaces import PAGE
from wherein.server.tasks import worded
from wherein.storage.catalog.sources import Source
from wherein.storage.disk.counted import counted
from wherein.uri import display, display_uri

__all__ = ["Holdings", "Job", "holdings", "jobs"]

_MAX_PROBLEMS, _MAX_SOURCES, _MAX_TASKS, _MAX_NAMES = 200, 200, 20, 3
_KINDS = {"upload": "Upload", "sources": "Ingest", "remove": "Remove", "reindex": "Reindex"}
_STATES = {"queued": "waiting", "running": "running", "done": "done", "failed": "failed", "stopped": "stopped"}
_COUNTS = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")


@dataclass(frozen=True)
class Holdings:
    """What the library holds; `status` is None while it is empty. `more_problems` are not listed."""

    status: Status | None
    sources: Sequence[tuple[str, Source]]
    problems: Sequence[tuple[str, str, str]]
    more_problems: int
    roots: Sequence[str]
    max_upload: int


@dataclass(frozen=True)
class Job:
    """A task in words. `share` is how much of it is done, 0 to 100, None where that is unknown."""

    title: str
    names: str
    state: str
    has_ended: bool
    began: datetime
    share: int | None
    progress: str
    outcome: str
    error: str
    problems: Sequence[tuple[str, str]]
    more_problems: int
    notes: Sequence[str]
    remarks: str


def holdings(service: Service) -> Holdings:
    """Return what the library holds. Raises WhereinError when it is damaged."""
    library, settings = service.library, service.settings
    if not library.exists():
        return Holdings(None, (), (), 0, list(map(display, settings.roots)), settings.max_upload)
    problems = library.problems()
    return Holdings(
        status=library.status(),
        sources=[(display_uri(one.uri), one) for one in library.sources()[:_MAX_SOURCES]],
        problems=[(display_uri(one.uri), one.state, PAGE.say(one.reason)) for one in problems[:_MAX_PROBLEMS]],
        more_problems=max(0, len(problems) - _MAX_PROBLEMS),
        roots=list(map(display, settings.roots)),
        max_upload=settings.max_upload,
    )


def jobs(service: Service) -> list[Job]:
    """Return the newest tasks."""
    return [_job(worded(task, PAGE.say)) for task in service.tasks.newest()[:_MAX_TASKS]]


def _job(task: Task) -> Job:
    names = ", ".join(map(display_uri, task.names[:_MAX_NAMES]))
    more = f" and {len(task.names) - _MAX_NAMES:,} more" if len(task.names) > _MAX_NAMES else ""
    return Job(
        title=_KINDS.get(task.kind, task.kind), names=names + more, state=_STATES[task.state], has_ended=task.has_ended,
        began=datetime.fromisoformat(task.began_at or task.created_at), share=_share(task), progress=_progress(task),
        outcome=_outcome(task), error=_error(task),
        problems=[(display_uri(one.uri), one.reason) for one in task.problems], more_problems=task.more_problems,
        notes=[f"{display_uri(note.uri)}: {note.text}" for note in task.notes], remarks=_remarks(task),
    )  # fmt: skip


def _error(task: Task) -> str:
    return "; ".join(filter(None, (task.error.message, task.error.hint))) if task.error else ""


def _remarks(task: Task) -> str:
    """Return in words how many problems and notes a task has."""
    counts = ((len(task.problems) + task.more_problems, "problem"), (len(task.notes), "note"))
    return ", ".join(counted(count, noun) for count, noun in counts if count)


def _share(task: Task) -> int | None:
    done = task.progress
    return min(100, 100 * done.bytes_done // done.bytes_total) if done and done.bytes_total else None


def _progress(task: Task) -> str:
    """Return in words how far a task is."""
    done = task.progress
    if task.state != "running":
        return ""
    counted = f"{done.documents:,} documents, {done.chunks:,} passages" if done else "just begun"
    return f"{task.stage}: {counted}" if task.stage else counted


def _outcome(task: Task) -> str:
    """Return in words what a task has done."""
    if task.summary is None:
        return ""
    counts = ((getattr(task.summary, name), name) for name in _COUNTS)
    done = ", ".join(f"{count:,} {name}" for count, name in counts if count) or "nothing to do"
    return f"{done}, in {task.summary.seconds:,.1f} s"
