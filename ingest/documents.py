"""From the documents that a reader returns to chunks: what is new is queued, and its model inputs are yielded."""

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.embed.tokenizer import Tokenizer, Words
from wherein.ingest.changes.seen_keys import SeenKeys
from wherein.ingest.chunker import chunk_words
from wherein.ingest.commit import ModelInputs, WriteQueue, batches
from wherein.ingest.document import Document, Problem
from wherein.ingest.language import guess_language
from wherein.ingest.progress.events import DocumentDone
from wherein.ingest.progress.run_log import RunLog
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, document_version, model_input, save_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import known_inputs
from wherein.uri import record_uri

__all__ = ["PURGED", "Chunked", "DocumentPipeline", "SaveFile", "chunk_document"]

PURGED = "removed for good; to bring it back, ingest the file itself"
_UNFINISHED = "the run that read it did not finish"

SaveFile = Callable[..., int]
"""Saves the record of the file that is being read, with `state` and `reason`; returns its id."""


@dataclass(frozen=True)
class Chunked:
    """A document's chunks, its words, and each distinct model input by its hash: its text and the words it spans."""

    words: Words
    inputs: dict[bytes, tuple[str, tuple[int, int]]]
    rows: list[ChunkRow]
    coverage: Coverage


def chunk_document(document: Document, tokenizer: Tokenizer) -> Chunked:
    """Cut a document's text into chunks that fit the model."""
    inputs, rows = {}, []
    words = tokenizer.words(document.text)
    for span in chunk_words(document.text, document.marks, words, tokenizer.context_tokens):
        text = model_input(document.text, span.start, span.end)
        name = content_hash(text)
        inputs[name] = text, span.words
        rows.append(ChunkRow(span.start, span.end, name, span.mark.page, span.mark.heading))
    coverage = Coverage(int(words.tokens.sum()), words.unknown, guess_language(document.text))
    return Chunked(words, inputs, rows, coverage)


class DocumentPipeline:
    """Compares each document with what is stored, chunks it and queues it.

    `tokens` counts the tokens of all model inputs that were yielded. URIs that are `purged` are skipped.
    """

    def __init__(self, db: Database, model: StoredModel, encoder: Encoder, queue: WriteQueue, log: RunLog) -> None:
        self.tokens = 0
        self.purged: frozenset[str] = frozenset()
        self._db = db
        self._model = model
        self._encoder = encoder
        self._queue = queue
        self._log = log

    def ingest_all(
        self, uri: str, items: Iterable[Document | Problem], save: SaveFile | None, moved: bool = False
    ) -> Generator[tuple[bytes, list[int]], None, SeenKeys]:
        """Queue each document of a file and yield its model inputs without a vector; return the URIs of all.

        `save` is None for documents without a file. With `moved` the file was renamed, and so were its records.
        """
        seen = SeenKeys()
        for item in items:
            target = record_uri(uri, item.key)
            seen.add(target)
            if target in self.purged:
                self._log.problem("skipped", target, PURGED)
            elif isinstance(item, Problem):
                self._log.problem("skipped" if item.skipped else "failed", target, item.reason)
            elif not item.text.strip():
                self._log.problem("skipped", target, "no text")
            else:
                yield from self.ingest(target, item, save, moved)
        return seen

    def ingest(self, uri: str, document: Document, save: SaveFile | None = None, moved: bool = False) -> ModelInputs:
        """Queue one document and yield its model inputs that have no vector yet."""
        stored = document_version(self._db, uri)
        is_record = bool(document.key)
        if stored and is_record and not moved and _is_same(stored, document):
            self._log.tally["unchanged"] += 1
            return
        chunked = chunk_document(document, self._encoder.tokenizer)
        hashes = list(chunked.inputs)
        needs = frozenset(hashes) - known_inputs(self._db, self._model.id, hashes)
        missing = self._queue.claim(name for name in hashes if name in needs)
        kind = "moved" if moved else "changed" if stored else "new"
        done = DocumentDone(kind, uri, len(chunked.rows), len(missing), len(chunked.rows) - len(missing))
        self._queue.add(partial(self._save, uri, document, chunked, save), needs, partial(self._log.document, done))
        yield from self._tokenized(chunked, missing)

    def _tokenized(self, chunked: Chunked, missing: list[bytes]) -> ModelInputs:
        for batch in batches(missing):
            texts, spans = zip(*(chunked.inputs[name] for name in batch), strict=True)
            for name, ids in zip(batch, self._encoder.tokenizer.passages(texts, chunked.words, spans), strict=True):
                self.tokens += len(ids)
                yield name, ids

    def _save(self, uri: str, document: Document, chunked: Chunked, save: SaveFile | None) -> None:
        # A document needs its file's row at once; when all documents are committed, the row is saved again as read.
        file_id = save(state="failed", reason=_UNFINISHED) if save else None
        row = DocumentRow(
            uri,
            file_id,
            document.title,
            document.media_type,
            document.text,
            document.metadata,
            document.notes,
            chunked.rows,
            chunked.coverage,
        )
        save_document(self._db, row)


def _is_same(stored: tuple[bytes, str, str, bool], document: Document) -> bool:
    text_hash, title, metadata, current = stored
    same_metadata = json.loads(metadata) == dict(document.metadata)
    return current and same_metadata and title == document.title and text_hash == content_hash(document.text)
