"""The files that are ahead of a run: their number and size, and how long they will take."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.errors import Unreadable
from wherein.ingest.changes.unchanged import looks_unchanged, state_of
from wherein.ingest.document import Document
from wherein.ingest.prepared import chunk_document
from wherein.ingest.progress.eta import EtaEstimator, FileCost
from wherein.ingest.progress.events import Ahead
from wherein.ingest.progress.sampler import PendingFile
from wherein.ingest.sources.found import FoundFile
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.ingest.titles import embedded_title
from wherein.ingest.workers.pool import ParseTask
from wherein.storage.catalog.files import find_file
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source
from wherein.storage.catalog.vectors import known_inputs
from wherein.uri import file_uri, record_uri

__all__ = ["LookAhead", "Preview"]


@dataclass(frozen=True)
class Preview:
    """A file that is read before its turn, for the estimate alone; it is read again when its turn comes."""

    file: PendingFile
    task: ParseTask


class LookAhead:
    """Knows the bytes that are done and ahead, and the time left. `bytes_total` is None before `survey`."""

    def __init__(self, db: Database, model: StoredModel, encoder: Encoder) -> None:
        self.bytes_done: int = 0
        self.bytes_total: int | None = None
        self._db = db
        self._model = model
        self._encoder = encoder
        self._eta = EtaEstimator()

    def survey(self, walks: Iterable[SourceWalk]) -> Ahead:
        """Sum up the files that have to be read."""
        seen: set[str] = set()
        size = 0
        for walk in walks:
            for found in walk.files() if walk.source.kind == "path" else ():
                if not isinstance(found, FoundFile) or found.path in seen:
                    continue
                if not self._looks_unchanged(walk.source, found):
                    self._eta.expect(PendingFile(walk.source, found.path, _kind(found.path), found.size))
                    seen.add(found.path)
                    size += found.size
        self.bytes_total = size
        return Ahead(len(seen), size)

    def _looks_unchanged(self, source: Source, found: FoundFile) -> bool:
        record = find_file(self._db, file_uri(found.path))
        return record is not None and looks_unchanged(record, state_of(found, time.time_ns()), source.reading)

    def next_preview(self, submit: Callable[[Source, str], ParseTask]) -> Preview | None:
        """Have a file read whose content would make the estimate better; None, mostly, when none is needed now."""
        file = self._eta.next_sample()
        return Preview(file, submit(file.source, file.path)) if file else None

    def preview(self, preview: Preview, is_claimed: Callable[[bytes], bool]) -> None:
        """Count what will have to be embedded of a file; its problems are reported when its turn comes."""
        tokens: dict[bytes, int] = {}
        try:
            for document in _documents(preview.task):
                uri = record_uri(file_uri(preview.file.path), document.key)
                title = embedded_title(self._encoder.model.metric, uri, document.title)
                chunked = chunk_document(document, self._encoder.tokenizer, title)
                tokens |= {name: chunked.words.count(*words) for name, (_, words) in chunked.inputs.items()}
        except Unreadable:  # reported when its turn comes
            pass
        known = known_inputs(self._db, self._model.id, list(tokens))
        ahead = {name: count for name, count in tokens.items() if name not in known and not is_claimed(name)}
        self._eta.sampled(preview.file, ahead)

    def read(self, path: str, size: int, tokens: int) -> FileCost:
        """Note that a file of `size` bytes was read, and has `tokens` tokens to embed."""
        cost = FileCost(_kind(path), size, tokens)
        self._eta.read(path, cost)
        return cost

    def embedded(self, hashes: Iterable[bytes]) -> None:
        """Note that these model inputs have vectors now."""
        self._eta.embedded(hashes)

    def done(self, cost: FileCost) -> None:
        """Note that a file is committed."""
        self.bytes_done += cost.bytes
        self._eta.done(cost)

    def seconds_left(self) -> float | None:
        """Return the time left in seconds, None while it is unknown."""
        return None if self.bytes_total is None else self._eta.seconds()


def _documents(task: ParseTask) -> Iterator[Document]:
    if not task.opened().last:
        yield from (item for item in task.documents() if isinstance(item, Document))


def _kind(path: str) -> str:
    """Group files by suffix: files of one kind have about as many tokens per byte."""
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - a path with odd bytes
