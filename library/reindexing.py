"""Reindexing: catch up with the sources, remove what has vanished, and swap in a new index if it passes its checks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.embed.models.installed import find_model
from wherein.errors import UsageError
from wherein.evaluation.golden import GoldenQuestions
from wherein.ingest.changes.vanished import FORGOTTEN, remove_vanished
from wherein.ingest.index_swap import Check, renew
from wherein.ingest.limits import MARGIN
from wherein.ingest.progress.events import Report, RunProblem, Summary, summarize
from wherein.ingest.progress.reindex_report import ReindexRecorder, recorded
from wherein.library.ingesting import TIME_IS_UP, RunFactory, is_over
from wherein.library.model_change import ModelChange, bind_empty_library
from wherein.library.models import library_model, proof_of
from wherein.library.opening import open_for_writing, require_library
from wherein.library.stored_paths import resolve_paths
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.golden import list_golden
from wherein.storage.catalog.models import StoredModel, bound_model
from wherein.storage.catalog.sources import Source, list_sources
from wherein.storage.cleanup.prune import prune
from wherein.storage.index.generations import active_generation
from wherein.storage.index.method import AUTO, CHOICES, choose_index
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.repair_index import repair_index
from wherein.uri import file_uri

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.embed.encoder import Encoder
    from wherein.ingest.run import IngestRun
    from wherein.storage.index.generations import Generation

__all__ = ["ReindexOptions", "ReindexRun", "reindex"]

_COUNTS = ("new", "changed", "moved", "unchanged", "embedded")
_TOO_FEW = "there are too few vectors for it; they are searched exactly until there are more"
_MISSES = "it would miss too many of these vectors, so they are searched exactly; see: wherein status"


@dataclass(frozen=True)
class ReindexOptions:
    """What a reindex is asked to do; see `Library.reindex`."""

    model: str | Path | None = None
    index: str | None = None
    accept_removals: bool = False
    margin: float = MARGIN
    until: datetime | None = None
    look_ahead: bool = False


def reindex(
    runs: RunFactory, options: ReindexOptions, *, report: Report = lambda _: None, wait: bool = False
) -> Summary:
    """Reindex the library; the report of it is kept, however it ends. Raises as `Library.reindex` does."""
    require_library(runs.folder)
    if options.index not in (None, *CHOICES):
        raise UsageError(f"There is no index {options.index}; there are {', '.join(CHOICES)}")
    if options.model is not None and runs.models.encoder is None:
        # A wrong name is an error now, and not after the sources were walked.
        find_model(options.model)
    began, lost = time.monotonic(), list[str]()
    with open_for_writing(runs.folder, wait, lost.append) as db, recorded(db, runs.folder, report) as recorder:
        tally = ReindexRun(db, runs, options, recorder, report).run(lost)
        return summarize(Counter(tally), time.monotonic() - began)


class ReindexRun:
    """One reindex of an open library, stage by stage; `recorder` keeps what the stages did."""

    def __init__(
        self, db: Database, runs: RunFactory, options: ReindexOptions, recorder: ReindexRecorder, report: Report
    ) -> None:
        self._db = db
        self._runs = runs
        self._options = options
        self._recorder = recorder
        self._report = report
        self._stop = partial(is_over, options.until)

    def run(self, lost: Sequence[str] = ()) -> Mapping[str, int]:
        """Do all stages, or those that the time is enough for, and return the tally; `lost` commits count as failed."""
        # Without a deadline the model is changed first, so that what has changed is embedded only once.
        present = self._encoder_to_catch_up_with()
        changed = {} if present else self._change_model()
        if self._recorder.stopped:
            return changed
        run = self._runs.start(self._db, self._report, self._stop, lost, present)
        run.tally.update(changed)
        self.catch_up(run)
        if run.stopped:
            self._recorder.stopped = TIME_IS_UP
            return run.tally
        self._renew_index(run)
        self._clean_up()
        self._report_index_choice()
        if present:
            run.tally.update(self._change_model())
        return run.tally

    def _encoder_to_catch_up_with(self) -> Encoder | None:
        """Return the present model's encoder where the library is to catch up with it before the model is changed.

        A change that takes more than a night must not keep the library from catching up meanwhile.
        """
        if self._options.until is None or self._options.model is None:
            return None
        return self._runs.models.installed_encoder(library_model(self._db))

    def catch_up(self, run: IngestRun) -> None:
        """Bring the library up to date with its sources, and remove what has vanished from them."""
        resolve_paths(self._db)
        # Standard input cannot be read again.
        sources = [source for source in list_sources(self._db) if source.kind != "stdin"]
        with self._recorder.stage("ingest") as notes:
            if self._options.look_ahead:
                run.look_ahead(sources)
            run.ingest(sources)
            if run.indexed:  # else the passages are in a store
                run.finish_repairs()
            notes += [f"{run.tally[kind]:,} {kind}" for kind in _COUNTS if run.tally[kind]]
        # Only a complete walk shows which files have vanished.
        if run.stopped:
            return

        def on_kept(source: Source, reason: str) -> None:
            if file_uri(source.uri) in run.walk_errors:  # it is counted already
                self._report(RunProblem("failed", source.uri, reason))
            else:
                run.problem("failed", source.uri, reason)

        with self._recorder.stage("remove") as notes:
            accept = self._options.accept_removals
            gone = remove_vanished(self._db, run.walks, run.seen, on_kept, accept=accept)
            run.tally["removed"] += gone.documents
            notes += [f"{gone.documents:,} removed"] if gone.documents else []
            for source in gone.sources:
                run.note(source.uri, FORGOTTEN)

    def _renew_index(self, run: IngestRun) -> None:
        """Mend the index, and swap in a new one where it is behind."""
        folder = self._runs.folder
        with self._recorder.stage("index") as notes:
            if self._options.index is not None:
                with writing(self._db, "reindex.index"):
                    choose_index(self._db, self._options.index)
            for problem in repair_index(self._db, folder, Quarantine(folder)):
                run.problem("failed", str(folder / "generations"), problem)
            if (model := bound_model(self._db)) is not None and self._swap_index(model, run.encoder):
                notes.append("a new one answers")

    def _swap_index(self, model: StoredModel, encoder: Encoder) -> bool:
        rows, folder = list_golden(self._db), self._runs.folder
        golden = GoldenQuestions(rows, encoder)
        ranks = partial(golden.ranks, self._db, folder, model)
        check = Check(proof_of(encoder), ranks, golden.texts, self._options.margin)
        if not renew(self._db, folder, model, check, self._recorder):
            return False
        self._recorder.ask(rows, check.ranks())
        return True

    def _clean_up(self) -> None:
        with self._recorder.stage("clean up") as notes:
            notes += prune(self._db, self._runs.folder)

    def _report_index_choice(self) -> None:
        index = self._options.index
        if index and (reason := _why_not(index, active_generation(self._db))):
            self._report(RunProblem("skipped", f"--index {index}", reason))

    def _change_model(self) -> Mapping[str, int]:
        """Embed the library with the model that was asked for and switch to it; return what that adds to the tally."""
        if self._options.model is None:
            return {}
        library = library_model(self._db)
        encoder = self._runs.models.encoder_to_change_to(self._options.model, library)
        if library is None:
            bind_empty_library(self._db, encoder)
            return {}
        if encoder.fingerprint == library.stored.fingerprint:
            return {}
        with self._recorder.stage("change the model") as notes:
            old_encoder = self._runs.models.installed_encoder(library)
            change = ModelChange(self._db, self._runs.folder, library, encoder, report=self._report, stop=self._stop)
            finished = change.embed(look_ahead=self._options.look_ahead)
            notes.append(f"{change.tally['embedded']:,} passages embedded")
            if not finished:
                self._recorder.stopped = TIME_IS_UP
                notes.append(f"{library.stored.name} still answers")
                return change.tally
            change.switch_if_fit(old_encoder, self._options.margin, self._recorder)
            notes.append(f"{encoder.model.name} answers")
        return change.tally


def _why_not(index: str, generation: Generation | None) -> str:
    """Return why the chosen index is not in use, "" if it is."""
    if generation is None or index in (AUTO, generation.method.name):
        return ""
    return _TOO_FEW if generation.method.asked != index else _MISSES
