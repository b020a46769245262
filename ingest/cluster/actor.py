"""What runs on a node: reads files, chunks their documents, and embeds, in a process of its own."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wherein.embed.encoder import Encoder, Matrix
from wherein.errors import Unreadable
from wherein.ingest.cluster.recipe import EncoderRecipe
from wherein.ingest.document import Document, Problem
from wherein.ingest.prepared import prepare_document
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.titles import embedded_title
from wherein.ingest.workers.parse import FAILED, SKIPPED, Job, Opened, Trouble
from wherein.ingest.workers.pool import Pool
from wherein.uri import file_uri, record_uri

__all__ = ["IngestActor", "Portion"]

# A portion has to fit in memory a few times, and to arrive soon.
_MAX_ITEMS, _MAX_CHARACTERS = 64, 256 << 10


@dataclass(frozen=True)
class Portion:
    """Some of a file's documents, in their order; `last` when there are no more, because of `trouble` if there is any.

    `opened` is the same in every portion of a file, unless that has changed in between.
    """

    opened: Opened
    items: tuple[Document | Problem, ...] = ()
    last: bool = True
    trouble: Trouble | None = None


class IngestActor:
    """Two calls may run at once: one that reads, and one that embeds."""

    def __init__(self, recipe: bytes, threads: int, paths: Sequence[str]) -> None:
        """`recipe` is a pickled `EncoderRecipe`, whose module may be found by the import paths of the run."""
        sys.path += [path for path in paths if path not in sys.path]
        self._recipe: EncoderRecipe = pickle.loads(recipe)
        self._threads = threads
        self._files: dict[str, _OpenFile] = {}
        self._idle: list[Pool] = []

    def ready(self) -> str:
        """Load the model, and return its fingerprint."""
        self._encoder: Encoder = self._recipe.make(self._threads)
        self._encoder.prepare()
        return self._encoder.fingerprint

    def embed(self, rows: Sequence[list[int]]) -> Matrix:
        """Return the stored vectors `[len(rows), width]` of texts as token ids."""
        vectors = dict(self._encoder.stream(enumerate(rows)))
        return np.stack([vectors[row] for row in range(len(rows))])

    def read(self, task: str, job: Job, skipped: int) -> Portion:
        """Return the next documents of a file, after the first `skipped`; `task` tells one reading of it from another.

        Where an earlier call of the same task ended there, reading continues; else it begins again.
        """
        file = self._files.pop(task, None)
        if file is None or file.taken != skipped:
            if file is not None:
                file.pool.close()
            file = _OpenFile(job, self._idle.pop() if self._idle else Pool(1), self._encoder)
            file.skip(skipped)
        portion = file.next_portion()
        if portion.last:
            self._idle.append(file.pool)
        else:
            self._files[task] = file
        return portion


class _OpenFile:
    """A file that is being read by a worker of its own; `taken` of its documents and problems were returned."""

    def __init__(self, job: Job, pool: Pool, encoder: Encoder) -> None:
        self.taken = 0
        self.pool = pool
        self._uri = "" if job.data is not None else file_uri(job.path)
        self._encoder = encoder
        self._task = pool.submit(job)
        self._opened = self._task.opened()
        self._items: Iterator[Document | Problem] = iter(()) if self._opened.last else self._task.documents()

    def skip(self, count: int) -> None:
        """Leave out the first documents; trouble among them comes with the next portion."""
        self._next(count, 1 << 62, prepared=False)

    def next_portion(self) -> Portion:
        """Return the next documents."""
        items, last, trouble = self._next(_MAX_ITEMS, _MAX_CHARACTERS)
        return Portion(self._opened, tuple(items), last, trouble)

    def _next(
        self, most: int, characters: int, *, prepared: bool = True
    ) -> tuple[list[Document | Problem], bool, Trouble | None]:
        items: list[Document | Problem] = []
        while len(items) < most and characters > 0:
            try:
                item = next(self._items, None)
            except Unreadable as problem:
                self._items = iter(())
                return items, True, Trouble(SKIPPED if isinstance(problem, Skipped) else FAILED, str(problem))
            if item is None:
                return items, True, None
            characters -= len(item.text) if isinstance(item, Document) else 0
            items.append(self._prepared(item) if prepared else item)
            self.taken += 1
        return items, False, None

    def _prepared(self, item: Document | Problem) -> Document | Problem:
        if isinstance(item, Problem) or not item.text.strip():
            return item
        title = embedded_title(self._encoder.model.metric, record_uri(self._uri, item.key), item.title)
        return prepare_document(item, self._encoder.tokenizer, title)
