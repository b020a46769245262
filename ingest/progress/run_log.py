"""What a run has done so far, counted and reported."""

from collections import Counter

from wherein.ingest.progress.events import DocumentDone, Note, Progress, Report, RunProblem

__all__ = ["RunLog"]


class RunLog:
    """`tally` counts by the field names of `Summary`; of documents, only those that are committed."""

    def __init__(self, report: Report) -> None:
        self.tally: Counter[str] = Counter()
        self._report = report

    def problem(self, kind: str, uri: str, reason: str) -> None:
        """Count and report what is not ingested; `kind` is skipped or failed."""
        self.tally[kind] += 1
        self._report(RunProblem(kind, uri, reason))

    def note(self, uri: str, text: str) -> None:
        """Report what a user should check of a file that is ingested."""
        self._report(Note(uri, text))

    def document(self, done: DocumentDone) -> None:
        """Count and report a document that is committed."""
        self.tally.update({done.kind: 1, "chunks": done.chunks, "reused": done.reused, "embedded": done.embedded})
        if done.brought_back:
            self.tally["brought_back"] += 1
        self._report(done)

    def progress(self, bytes_done: int, bytes_total: int | None, seconds_left: float | None) -> None:
        """Report how far the run is."""
        documents = sum(self.tally[kind] for kind in ("new", "changed", "unchanged", "moved"))
        counts = documents, self.tally["chunks"], self.tally["embedded"]
        self._report(Progress(*counts, bytes_done, bytes_total, seconds_left))
