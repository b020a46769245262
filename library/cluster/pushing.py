"""From a copied catalog to the store: what a run commits is written there meanwhile, by a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

from wherein.ingest.progress.events import Report, RunProblem
from wherein.library.cluster.catalog_copy import active_model
from wherein.library.cluster.journal import Changes, read_journal
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.store.document import EmbeddedDocument, Record, grouped
from wherein.storage.store.local.store import LocalStore
from wherein.storage.store.records import KINDS
from wherein.storage.store.store import Model, Store

__all__ = ["Pusher", "batches"]

_PAUSE = 0.5
_ENTRIES = 5_000
_PASSAGES, _DOCUMENTS = 512, 200
_SEPARATOR = "\n"


class Pusher:
    """Brings the changes of the catalog copied to `folder` to a store; `failed` counts what the store rejects.

    Documents are written before the records of their files: where a run ends in between, the next one reads these files
    again. `index` is that of the first generation.
    """

    def __init__(self, store: Store, folder: Path, report: Report, index: str = "auto") -> None:
        self.failed = 0
        self.pushed = 0
        self._store = store
        self._folder = folder
        self._report = report
        self._index = index
        self._ended = Event()
        self._error: BaseException | None = None
        self._last = 0
        self._rejected: dict[str, str] = {}
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to follow the copy."""
        self._ended = Event()
        self._thread = Thread(target=self._follow, name="wherein-push", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what has stopped the thread, so that the run does not embed for nothing."""
        if self._error is not None:
            raise self._error

    def drain(self) -> None:
        """Write what is committed by now, and follow on. Raises what has stopped the thread."""
        self._end()
        self.start()

    def _end(self) -> None:
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None
        self.check()

    def finish(self) -> None:
        """Write what is left, and have the store keep it. Raises what has stopped the thread."""
        self._end()
        if self.pushed:
            self._store.checkpoint()
        for uri, reason in self._rejected.items():
            self._report(RunProblem("failed", uri, reason))
        self.failed = len(self._rejected)

    def _follow(self) -> None:
        try:
            with closing(LocalStore(self._folder)) as copy:
                while not self._ended.wait(_PAUSE):
                    self._push_all(copy)
                self._push_all(copy)
        except BaseException as error:
            self._error = error

    def _push_all(self, copy: LocalStore) -> None:
        while True:
            with copy.snapshot() as db:
                changes = read_journal(db, self._last, _ENTRIES)
                if changes.last == self._last:
                    return
                self._begin(db)
                self._push(copy, db, changes)
            self._last = changes.last

    def _begin(self, db: Catalog) -> None:
        """Begin the first generation of a new library."""
        model = bound_model(db)
        if model is not None and active_model(self._store) is None:
            own = Model(model.fingerprint, model.name, model.version, model.precision, model.dimension)
            self._store.begin_generation(own, self._index)

    def _push(self, copy: LocalStore, db: Catalog, changes: Changes) -> None:
        self.pushed += 1
        uris = sorted(changes.documents)
        held = {row[0]: row[1] for row in _holdings(db, uris)}
        for batch in batches(copy.read([uri for uri in uris if held.get(uri)])):
            self._rejected |= self._store.upsert(batch).rejected
        # Of a document that was only moved, or belongs to another file now, the text is in the store alone.
        for uri in (uri for uri in uris if held.get(uri) == 0):
            self._rewrite(db, uri, changes.moved.get(uri, uri))
        self._store.delete([uri for uri in uris if uri not in held])
        self._push_records(copy, changes)

    def _rewrite(self, db: Catalog, uri: str, old: str) -> None:
        ((file,),) = db.execute(
            "SELECT coalesce(f.uri, '') FROM documents d LEFT JOIN files f ON f.id = d.file_id WHERE d.uri = ?", [uri]
        ).fetchall()
        for document in self._store.read([old]):
            if (document.uri, document.file) != (uri, file):
                self._store.upsert([replace(document, uri=uri, file=file)])

    def _push_records(self, copy: LocalStore, changes: Changes) -> None:
        kept = {kind: list(copy.records(kind, sorted(changes.names[kind]))) for kind in KINDS if changes.names[kind]}
        for records in kept.values():  # in the order of KINDS: sources before their files
            self._store.put_records([self._with_problem(record) for record in records])
        for kind in reversed(kept):
            gone = sorted(changes.names[kind] - {record.name for record in kept[kind]})
            self._store.delete_records(kind, gone)
            if kind == "source" and gone:
                self._forget_aliases(gone)

    def _forget_aliases(self, sources: Sequence[str]) -> None:
        begins = tuple(f"{source}{_SEPARATOR}" for source in sources)
        names = [record.name for record in self._store.records("alias") if record.name.startswith(begins)]
        self._store.delete_records("alias", names)

    def _with_problem(self, record: Record) -> Record:
        """Return the record of a file that says what the store has rejected of it."""
        if record.kind != "file":
            return record
        reasons = [why for uri, why in self._rejected.items() if uri.partition("#")[0] == record.name]
        if not reasons:
            return record
        return replace(record, value={**record.value, "state": "failed", "reason": reasons[0]})


def _holdings(db: Catalog, uris: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the URIs of those documents that are there, with the numbers of their passages in the copy."""
    for uri in uris:
        statement = "SELECT count(c.id) FROM documents d LEFT JOIN chunks c ON c.document_id = d.id WHERE d.uri = ?"
        row = db.execute(f"{statement} GROUP BY d.id", [uri]).fetchone()
        if row is not None:
            yield uri, int(row[0])


def batches(documents: Iterator[EmbeddedDocument]) -> Iterator[list[EmbeddedDocument]]:
    """Yield documents in groups that are written at once."""
    return grouped(documents, _DOCUMENTS, _PASSAGES)
