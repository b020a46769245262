"""What a reindex reports: its stages while it lasts, and at its end a report, which the library keeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import Refused, WhereinError
from wherein.storage.catalog.golden import GoldenRow, note_ranks
from wherein.storage.catalog.reindex_runs import begin_run, finish_run
from wherein.storage.cleanup.disk_usage import disk_use

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.storage.repair.index_check import IndexCheck

__all__ = ["RankChange", "ReindexRecorder", "ReindexReport", "Stage", "mean_reciprocal", "recorded"]


@dataclass(frozen=True)
class Stage:
    """A part of a reindex that is done: its name, how long it took, and in a few words what it did.

    `said` is a key of the JSON output, hence the name.
    """

    name: str
    seconds: float
    said: str


@dataclass(frozen=True)
class RankChange:
    """A golden question whose document changed its rank among the documents of the answer; 0: not found."""

    question: str
    uri: str
    before: int
    after: int


@dataclass(frozen=True)
class ReindexReport:
    """How a reindex went. `outcome` is done, stopped, refused or failed, with the `reason` for the last three.

    `recall` (0 to 1) is that of a new index against exact search, None where none was written; `golden` the mean
    reciprocal rank of the golden questions in percent, None where they were not asked; `moved` are those whose rank
    has changed since the last reindex. `bytes` is the size of each part of the library.
    """

    outcome: str
    reason: str
    seconds: float
    stages: tuple[Stage, ...]
    recall: float | None
    golden: float | None
    moved: tuple[RankChange, ...]
    bytes: Mapping[str, int]


class ReindexRecorder:
    """Records a reindex; `index_check`, `golden` and `moved` are set by the stages that find them out."""

    def __init__(self, db: Database, folder: Path, report: Callable[[Stage | ReindexReport], None]) -> None:
        self.index_check: IndexCheck | None = None
        self.golden: float | None = None
        self.moved: tuple[RankChange, ...] = ()
        self.stopped = ""
        self._db = db
        self._folder = folder
        self._report = report
        self._began = time.monotonic()
        self._stages: list[Stage] = []
        self._number = begin_run(db)

    def ask(self, rows: Sequence[GoldenRow], ranks: Mapping[int, int]) -> None:
        """Keep the ranks of the golden questions' documents, and which of them have changed."""
        if not rows:
            return
        self.golden = mean_reciprocal(ranks.values())
        self.moved = tuple(
            RankChange(row.question, row.uri, row.rank, ranks[row.id])
            for row in rows
            if row.rank is not None and row.rank != ranks[row.id]
        )
        note_ranks(self._db, ranks)

    @contextmanager
    def stage(self, name: str) -> Iterator[list[str]]:
        """Time a stage, also one that fails; the caller appends notes on what it did to the list."""
        began, notes = time.monotonic(), list[str]()
        try:
            yield notes
        finally:
            stage = Stage(name, round(time.monotonic() - began, 3), ", ".join(notes))
            self._stages.append(stage)
            self._report(stage)

    def close(self, outcome: str, reason: str = "") -> None:
        """Save the report, and report it."""
        report = ReindexReport(
            outcome,
            reason,
            round(time.monotonic() - self._began, 3),
            tuple(self._stages),
            self.index_check.recall if self.index_check else None,
            self.golden,
            self.moved,
            disk_use(self._folder),
        )
        finish_run(self._db, self._number, outcome, json.dumps(asdict(report), ensure_ascii=False))
        self._report(report)


def mean_reciprocal(ranks: Iterable[int]) -> float:
    """Return the mean of one over each rank, in percent; 0 for what is not found."""
    reciprocals = [1 / rank if rank else 0.0 for rank in ranks]
    return 100 * sum(reciprocals) / len(reciprocals) if reciprocals else 0.0


@contextmanager
def recorded(db: Database, folder: Path, report: Callable[[Stage | ReindexReport], None]) -> Iterator[ReindexRecorder]:
    """Keep the report of a reindex, however it ends; a process that dies leaves it unfinished."""
    recorder = ReindexRecorder(db, folder, report)
    try:
        yield recorder
    except BaseException as error:
        outcome = {Refused: "refused", KeyboardInterrupt: "stopped"}.get(type(error), "failed")
        with suppress(WhereinError, OSError):  # the first error is the one to report
            recorder.close(outcome, str(error) or "interrupted")
        raise
    recorder.close("stopped" if recorder.stopped else "done", recorder.stopped)
