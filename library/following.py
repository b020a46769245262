"""The part of `Library` that looks after its sources: it lists, watches and forgets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.library import arguments as given
from wherein.library.arguments import Name, checked
from wherein.library.models import ModelChoice
from wherein.library.readers import CatalogReader

if TYPE_CHECKING:
    from wherein.ingest.progress.events import Report, Summary
    from wherein.library.ingesting import RunFactory
    from wherein.library.sources import RemovedSource
    from wherein.library.watching.watcher import Watcher
    from wherein.storage.catalog.sources import Source

__all__ = ["Following"]

_HOUR = 3600.0


@checked
class Following:
    """The methods of `Library` that look after its sources."""

    folder: Path
    _jobs: int | None
    _models: ModelChoice
    _reader: CatalogReader

    def sources(self) -> list[Source]:
        """Return the sources that reindex walks."""
        from wherein.storage.catalog.sources import list_sources

        with self._reader.snapshot() as db:
            return list_sources(db)

    def remove_source(self, name: Name, *, remove: bool = False, wait: bool = False) -> RemovedSource:
        """Stop following a source; with `remove` its documents are removed, unless another source covers them."""
        from wherein.library.sources import remove_source

        with self._writable(wait=wait) as folder:
            return remove_source(folder, given.text(name), remove=remove, wait=wait)

    def watch(self, *, every: float = _HOUR, report: Report = lambda _: None) -> Watcher:
        """Follow the sources from now on, in a thread of its own: a saved file can be found within seconds.

        All sources are walked at once, and again every `every` seconds, in case the system has dropped a notice.
        `report` gets the events, in that thread: those of each run, `CaughtUp` after it, and `Watching` after the first
        walk. Documents are removed by the rules of a reindex. Web pages are not followed. Returns the `Watcher`, whose
        `wait` blocks until it ends and whose `stop` ends it, as does leaving its `with` block. Raises WhereinError when
        there is no library, or the extra `watch` is missing; LibraryBusy when another process watches it.
        """
        from wherein.library.watching.watcher import Watcher

        return Watcher(self._runs(), self._reader, report, every).start()

    def _runs(self) -> RunFactory:
        from wherein.library.ingesting import RunFactory

        return RunFactory(self.folder, self._models, self._jobs)

    def _run(self, work: Callable[[RunFactory, Report], Summary], report: Report, *, wait: bool) -> Summary:
        """Return what `work` ingests; in a folder it waits itself."""
        return work(self._runs(), report)

    @contextmanager
    def _planning(self) -> Iterator[RunFactory]:
        """Lend what a run that writes nothing is made from."""
        yield self._runs()

    @contextmanager
    def _writable(self, *, wait: bool) -> Iterator[Path]:
        """Lend the folder whose catalog is changed; who changes it waits itself."""
        yield self.folder
