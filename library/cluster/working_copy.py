"""Writing to a library in Milvus: the code that writes a folder's library works on a copy, whose changes are pushed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wherein.ingest.progress.events import Report
from wherein.library.cluster.catalog_copy import copy_catalog
from wherein.library.cluster.journal import keep_journal
from wherein.library.cluster.lease import writing_to
from wherein.library.cluster.pushing import Pusher
from wherein.storage.catalog.connection import open_writer
from wherein.storage.store.store import Store

__all__ = ["WorkingCopy", "working_copy"]

_PREFIX = "wherein-cluster-"


@dataclass(frozen=True)
class WorkingCopy:
    """A library in a temporary `folder`, with what is listed in a store; its changes go there."""

    folder: Path
    pusher: Pusher

    def watched(self, report: Report) -> Report:
        """Return a report that also ends the run when the store does not take what it writes."""

        def watched(event: object) -> None:
            self.pusher.check()
            report(event)  # type: ignore[arg-type]

        return watched


def _ignore(_: object) -> None:
    """Report nothing."""


@contextmanager
def working_copy(store: Store, report: Report = _ignore, *, wait: bool = False) -> Iterator[WorkingCopy]:
    """Yield a copy, and write its changes to the store: while it is used, and the rest at the end.

    After an error, or Ctrl-C, what was committed to the copy is written as well. Raises WhereinError when the store
    cannot be reached or refuses, LibraryBusy while another process writes, unless with `wait` it is waited for.
    """
    with writing_to(store, wait=wait), TemporaryDirectory(prefix=_PREFIX) as name:
        folder = Path(name)
        copy_catalog(store, folder)
        with closing(open_writer(folder)) as db:
            keep_journal(db)
        pusher = Pusher(store, folder, report)
        pusher.start()
        try:
            yield WorkingCopy(folder, pusher)
        finally:
            pusher.finish()
