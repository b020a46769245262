"""From the documents that a reader returns to chunks: what is new is queued, and its model inputs are yielded."""

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.ingest.changes.seen_keys import SeenKeys
from wherein.ingest.commit import BATCH_SIZE, ModelInputs, WriteQueue
from wherein.ingest.document import Document, Problem
from wherein.ingest.prepared import Chunked, PreparedDocument, chunk_document
from wherein.ingest.progress.events import DocumentDone
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.title_vectors import TokenizedInput, title_ids
from wherein.ingest.titles import embedded_title, titled
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.derived import Derived, Passage, derive
from wherein.storage.catalog.documents import (
    ChunkRow,
    DocumentRow,
    document_version,
    model_input,
    passages_of,
    save_document,
)
from wherein.storage.catalog.exclusions import (
    PURGED,
    REMOVED,
    Candidate,
    Excluded,
    excludes_any,
    find_exclusion,
    follow_content,
    forget_removal,
    is_purged,
    readmit,
)
from wherein.storage.catalog.files import REREAD, FileRecord
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.titled_texts import first_input
from wherein.storage.catalog.vectors import known_inputs
from wherein.storage.disk.batched import batched
from wherein.uri import record_uri

__all__ = ["DocumentPipeline", "Origin", "Outcome", "SaveFile"]

_UNFINISHED = "the run that read it did not finish"

SaveFile = Callable[..., int]
"""Saves the record of the file that is being read, with `state` and `reason`; returns its id."""


class _FileRow:
    """The row of a file, which its documents need at once: the first of them saves it.

    When all documents are committed, the row is saved again as read. If the run ends before that, the next one reads
    the file again.
    """

    def __init__(self) -> None:
        self._id = 0
        self._is_first = True

    def next_id(self, save: SaveFile) -> Callable[[], int]:
        if not self._is_first:
            return lambda: self._id
        self._is_first = False
        return partial(self._save, save)

    def _save(self, save: SaveFile) -> int:
        self._id = save(state="failed", reason=_UNFINISHED, version=REREAD)
        return self._id


@dataclass(frozen=True)
class Origin:
    """Where documents are read from: a file, a web page or standard input.

    `save` is None for documents without a file. `content` is the hash of the file's bytes, `record` what was known of
    it before. With `moved` the file was renamed, and so were its records; with `named` the user named it, and what was
    removed or purged of it comes back.
    """

    uri: str
    save: SaveFile | None = None
    content: bytes | None = None
    record: FileRecord | None = None
    moved: bool = False
    named: bool = False
    _file: _FileRow = field(default_factory=_FileRow, init=False)

    @property
    def is_complete(self) -> bool:
        """Whether the file was read to its end the last time."""
        return self.record is not None and self.record.state == "read"

    @property
    def is_same(self) -> bool:
        """Whether the bytes are those that the stored documents were read from."""
        return self.moved or (self.is_complete and self.record is not None and self.record.content_hash == self.content)

    def next_file_id(self) -> Callable[[], int | None]:
        """Return what the next document is to call for the id of its file, when it is saved in its turn."""
        return self._file.next_id(self.save) if self.save else lambda: None


@dataclass
class Outcome:
    """What an origin holds: the URIs that it still has, how many of them, and how many purged documents beside them."""

    seen: SeenKeys
    kept: int = 0
    purged: int = 0

    def keep(self, uri: str) -> None:
        """Note that what is stored at `uri` is still in the file."""
        self.seen.add(uri)
        self.kept += 1


class _Batch:
    """Consecutive documents; what is derived from their passages is computed together, when the first is saved."""

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._documents: list[Callable[[], list[Passage]]] = []
        self._derived: list[list[Derived]] = []

    @property
    def is_open(self) -> bool:
        """Whether another document can be added."""
        return sum(self._sizes) < BATCH_SIZE and not self._derived

    def add(self, document: Document, chunks: list[ChunkRow]) -> Callable[[], list[Derived]]:
        """Add a document; return what it is to call when it is saved."""
        self._sizes.append(len(chunks))
        self._documents.append(partial(passages_of, document.title, document.text, chunks))
        return partial(self._take, len(self._sizes) - 1)

    def _take(self, index: int) -> list[Derived]:
        if not self._derived:
            derived = iter(derive([passage for passages in self._documents for passage in passages()]))
            self._derived = [list(islice(derived, size)) for size in self._sizes]
            self._documents.clear()  # and with them their texts
        return self._derived[index]


class DocumentPipeline:
    """Compares each document with what is stored, chunks it and queues it.

    `tokens` counts the tokens of all model inputs that were yielded. `recall` is called with the names of the model
    inputs of a document that is stored already: where its vectors are kept elsewhere, it fetches them.
    """

    def __init__(self, db: Database, model: StoredModel, encoder: Encoder, queue: WriteQueue, log: RunLog) -> None:
        self.tokens: int = 0
        self.recall: Callable[[list[bytes]], object] = lambda _: None
        self._db = db
        self._model = model
        self._encoder = encoder
        self._queue = queue
        self._log = log
        self._readmitted: set[bytes] = set()  # hashes of texts whose readmission may not be committed yet
        self._excludes = True  # whether anything is excluded: only the end of an exclusion is written by a run
        self._batch = _Batch()

    def ingest_all(
        self, origin: Origin, items: Iterable[Document | Problem]
    ) -> Generator[TokenizedInput, None, Outcome]:
        """Queue each document of an origin and yield its model inputs without a vector; return what it holds."""
        outcome, doubts = Outcome(SeenKeys()), set[str]()
        self._excludes = excludes_any(self._db)
        for item in items:
            uri = record_uri(origin.uri, item.key)
            self._report_doubts(origin, item, doubts)
            if isinstance(item, Document) and item.text.strip():
                yield from self._admit(uri, item, origin, outcome)
            elif self.is_purged(uri, origin):
                self._leave_out_purged(uri, outcome)
            else:
                outcome.keep(uri)
                kind, reason = _problem(item)
                self._log.problem(kind, uri, reason)
        return outcome

    def _report_doubts(self, origin: Origin, item: Document | Problem, reported: set[str]) -> None:
        """Report the doubts of a document that were not yet reported for its file."""
        for doubt in item.doubts if isinstance(item, Document) else ():
            if doubt not in reported:
                reported.add(doubt)
                self._log.note(origin.uri, doubt)

    def is_purged(self, uri: str, origin: Origin) -> bool:
        """Whether what is at `uri` was purged, and the user did not name it."""
        return not origin.named and is_purged(self._db, uri)

    def _admit(self, uri: str, document: Document, origin: Origin, outcome: Outcome) -> ModelInputs:
        candidate = Candidate(uri, content_hash(document.text), origin.content)
        excluded = find_exclusion(self._db, candidate) if self._excludes else None
        if excluded is None:
            outcome.keep(uri)
            yield from self.ingest(uri, document, origin)
        elif self._is_admitted(candidate, excluded, origin):
            outcome.keep(uri)
            self._queue.add(partial(forget_removal, self._db, uri))  # also where what is stored is unchanged
            yield from self.ingest(uri, document, origin, candidate)
        else:
            self._leave_out(candidate, excluded, origin, outcome)

    def _is_admitted(self, candidate: Candidate, excluded: Excluded, origin: Origin) -> bool:
        """Whether a document comes in despite an exclusion: it was named, or it is in the library already."""
        if origin.named or (not excluded.by_uri and candidate.text_hash in self._readmitted):
            return True
        if excluded.by_uri and excluded.kind == "purged":
            return False
        stored = document_version(self._db, candidate.uri)
        return stored is not None and (origin.is_same or stored[0] == candidate.text_hash)

    def _leave_out(self, candidate: Candidate, excluded: Excluded, origin: Origin, outcome: Outcome) -> None:
        if excluded.kind == "purged":
            self._leave_out_purged(candidate.uri, outcome)
            return
        self._queue.add(partial(follow_content, self._db, candidate))
        if origin.record is None or document_version(self._db, candidate.uri):  # once, and not each night
            self._log.problem("skipped", candidate.uri, REMOVED)

    def _leave_out_purged(self, uri: str, outcome: Outcome) -> None:
        outcome.purged += 1
        self._log.problem("skipped", uri, PURGED)

    def ingest(
        self, uri: str, document: Document, origin: Origin | None = None, excluded: Candidate | None = None
    ) -> ModelInputs:
        """Queue one document and yield its model inputs that have no vector yet.

        `excluded` is the document as its exclusion knows it, which ends when it is saved.
        """
        origin = origin or Origin(uri)
        stored = document_version(self._db, uri)
        title = embedded_title(self._encoder.model.metric, uri, document.title)
        may_be_same = document.key and not origin.moved and origin.is_complete
        if stored and may_be_same and _is_same(stored, document) and self._is_titled(uri, document, title):
            self._log.tally["unchanged"] += 1
            return
        chunked = chunk_document(document, self._encoder.tokenizer, title)
        hashes = list(chunked.inputs)
        if stored or origin.moved:
            self.recall(hashes)
        needs = frozenset(hashes) - known_inputs(self._db, self._model.id, hashes)
        missing = self._queue.claim(name for name in hashes if name in needs)
        kind = "moved" if origin.moved else "changed" if stored else "new"
        returns = excluded if origin.named and not stored else None
        if returns:
            self._readmitted.add(returns.text_hash)
        counts = len(chunked.rows), len(missing), len(chunked.rows) - len(missing)
        done = DocumentDone(kind, uri, *counts, brought_back=returns is not None)
        derived = self._derived(document, chunked)
        write = partial(self._save, uri, document, chunked, derived, origin.next_file_id(), returns)
        self._queue.add(write, needs, partial(self._log.document, done))
        yield from self._tokenized(chunked, missing)

    def _derived(self, document: Document, chunked: Chunked) -> Callable[[], Sequence[Derived]]:
        """Return what the document is to call for what is derived from its passages, when it is saved."""
        if isinstance(document, PreparedDocument) and document.chunked is chunked:
            return lambda: document.derived
        if not self._batch.is_open:
            self._batch = _Batch()
        return self._batch.add(document, chunked.rows)

    def _is_titled(self, uri: str, document: Document, title: str) -> bool:
        """Whether the title was embedded with the stored passages of a document: an earlier version did not."""
        if not title or (first := first_input(self._db, uri)) is None:
            return True
        start, end, name = first
        return titled(model_input(document.text, start, end), title).is_named(name)

    def _tokenized(self, chunked: Chunked, missing: list[bytes]) -> ModelInputs:
        tokenizer = self._encoder.tokenizer
        titles = title_ids(tokenizer, (chunked.inputs[name][0].title for name in missing))
        for batch in batched(missing, BATCH_SIZE):
            inputs, spans = zip(*(chunked.inputs[name] for name in batch), strict=True)
            rows = tokenizer.passages([one.text for one in inputs], chunked.words, spans)
            for name, one, ids in zip(batch, inputs, rows, strict=True):
                self.tokens += len(ids)
                yield TokenizedInput(name, ids, titles[one.title])

    def _save(
        self, uri: str, document: Document, chunked: Chunked, derived: Callable[[], Sequence[Derived]],
        file_id: Callable[[], int | None], returns: Candidate | None,
    ) -> None:  # fmt: skip
        row = DocumentRow(
            uri,
            file_id(),
            document.title,
            document.media_type,
            document.text,
            document.metadata,
            document.notes,
            chunked.rows,
            chunked.coverage,
        )
        save_document(self._db, row, derived())
        if self._excludes:
            forget_removal(self._db, uri)
        if returns:
            readmit(self._db, returns)


def _problem(item: Document | Problem) -> tuple[str, str]:
    """Return the kind and the reason of what has no text."""
    if isinstance(item, Document):
        return "skipped", "no text"
    return "skipped" if item.skipped else "failed", item.reason


def _is_same(stored: tuple[bytes, str, str, bool], document: Document) -> bool:
    text_hash, title, metadata, _ = stored
    same_metadata = json.loads(metadata) == dict(document.metadata)
    return same_metadata and title == document.title and text_hash == content_hash(document.text)
