"""Moves a library to another model: every passage gets a vector of the new model while the old one answers.

The vectors are committed as they come, beside the old ones, so that a run that dies can be resumed. When all
are there, one transaction chunks the documents again, where the tokens of the new model require it, and makes that
model and its index the library's. Before it a query sees nothing of the new model, after it nothing of the old one,
whose vectors stay.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from sqlite_utils import Database

from wherein.embed.encoder import Encoder
from wherein.embed.tokenizer import Tokenizer
from wherein.ingest.chunker import chunk
from wherein.ingest.commit import BATCH_SIZE, CommitQueue, ModelInputs
from wherein.ingest.document import Mark
from wherein.ingest.progress.events import Progress, Report
from wherein.ingest.title_vectors import tokenize
from wherein.ingest.titles import embedded_title, titled
from wherein.storage.catalog.documents import (
    ChunkRow,
    count_characters,
    document_spans,
    document_text,
    model_input,
    next_documents,
    save_chunks,
    uri_and_title,
)
from wherein.storage.catalog.files import reread_document
from wherein.storage.catalog.models import (
    StoredModel,
    bound_model,
    remember_earlier_model,
    remember_model_folder,
    switch_model,
)
from wherein.storage.catalog.models import model_folder as stored_folder
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.catalog.vectors import known_inputs
from wherein.storage.disk.batched import batched
from wherein.storage.index.generation_writer import Registration, write_generation
from wherein.storage.index.generations import Generation

__all__ = ["Reembedding"]


@dataclass(frozen=True)
class _Passages:
    """A document's text, its embedded title, its chunks for the new model, and whether the stored ones differ."""

    document_id: int
    text: str
    title: str
    chunks: list[ChunkRow]
    changed: bool

    @property
    def inputs(self) -> dict[bytes, TitledText]:
        """The model inputs by name."""
        return {row.input_hash: _model_input(self.text, row, self.title) for row in self.chunks}


class Reembedding:
    """One move to `model`, whose vectors come from `encoder`. `tally` counts chunks, embedded and reused ones.

    With `rechunk` the documents are chunked again, because the model has another tokenizer or context length. When
    `stop` returns True the run ends, and `stopped` is True.
    """

    def __init__(
        self,
        db: Database,
        model: StoredModel,
        encoder: Encoder,
        rechunk: bool,
        report: Report,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.tally: Counter[str] = Counter()
        self.stopped: bool = False
        self._stop = stop
        self._db = db
        self.model = model
        self._encoder = encoder
        self._rechunk = rechunk
        self._is_renamed = False  # whether any model input has changed, for example because it now has a title
        self._report = report
        self._queue = CommitQueue(db, model, encoder, "reembed.batch", self._committed)
        self._documents = 0
        self._characters = 0
        self._all_characters: int | None = None

    def look_ahead(self) -> None:
        """Sum up the texts, so that progress is known."""
        self._all_characters = count_characters(self._db)

    def embed(self) -> None:
        """Store a vector for each passage that has none of this model yet."""
        self._queue.embed(self._missing(), self._is_over)

    def _is_over(self) -> bool:
        self.stopped = self._stop()
        return self.stopped

    def switch(self, folder: Path, model_folder: str, check: Callable[[Generation], object] = lambda _: None) -> None:
        """Make the model the library's; call when `embed` is done. `model_folder` is where it is installed.

        Before that is committed, `check` may examine the library as it would be, and raise Refused.
        """

        def switch_over() -> None:
            if bound := bound_model(self._db):
                remember_earlier_model(self._db, bound, stored_folder(self._db))
            if self._rechunk or self._is_renamed:
                # Cut a second time, not stored in between: that takes a hundredth of the time of embedding
                # (docs/decisions/reembed.md).
                for passages in self._all_passages():
                    self._save_chunks(passages)
            switch_model(self._db, self.model)
            remember_model_folder(self._db, model_folder)

        registration = Registration("reembed.switch", switch_over, check)
        write_generation(self._db, folder, self.model, registration=registration)

    def _save_chunks(self, passages: _Passages) -> None:
        if passages.changed:
            save_chunks(self._db, passages.document_id, passages.chunks, passages.text)
        if self._rechunk and any(row.page or row.heading for row in passages.chunks):
            # The catalog has pages and headings for the start of each passage only: the file has to be read again.
            reread_document(self._db, passages.document_id)

    def _missing(self) -> ModelInputs:
        for passages in self._all_passages():
            inputs = passages.inputs
            names = list(inputs)
            known = known_inputs(self._db, self.model.id, names)
            missing = self._queue.claim(name for name in names if name not in known)
            self.tally.update(chunks=len(passages.chunks), reused=len(passages.chunks) - len(missing))
            self._is_renamed = self._is_renamed or passages.changed
            for batch in batched(missing, BATCH_SIZE):
                yield from tokenize(self._encoder.tokenizer, inputs, batch)
            self._documents += 1
            self._characters += len(passages.text)

    def _all_passages(self) -> Iterator[_Passages]:
        last = 0
        while page := next_documents(self._db, last):  # in pages: no cursor is open while others commit
            for document_id in page:
                yield self._passages(document_id)
            last = page[-1]

    def _passages(self, document_id: int) -> _Passages:
        """Return a document's passages as the new model needs them."""
        text, rows = document_text(self._db, document_id), document_spans(self._db, document_id)
        title = embedded_title(self._encoder.model.metric, *uri_and_title(self._db, document_id))
        chunks = _rechunk(text, rows, self._encoder.tokenizer) if self._rechunk else rows
        chunks = [replace(row, input_hash=_model_input(text, row, title).name) for row in chunks]
        return _Passages(document_id, text, title, chunks, _inputs(chunks) != _inputs(rows))

    def _committed(self, hashes: list[bytes]) -> None:
        self.tally["embedded"] += len(hashes)
        self._report(
            Progress(
                self._documents,
                self.tally["chunks"],
                self.tally["embedded"],
                self._characters,
                self._all_characters,
            )
        )


def _rechunk(text: str, rows: list[ChunkRow], tokenizer: Tokenizer) -> list[ChunkRow]:
    """Return the chunks for another tokenizer, whose model inputs have no names yet."""
    return [
        ChunkRow(span.start, span.end, b"", span.mark.page, span.mark.heading)
        for span in chunk(text, _marks(rows), tokenizer)
    ]


def _inputs(rows: list[ChunkRow]) -> list[tuple[int, int, bytes]]:
    return [(row.start, row.end, row.input_hash) for row in rows]


def _model_input(text: str, row: ChunkRow, title: str) -> TitledText:
    return titled(model_input(text, row.start, row.end), title)


def _marks(rows: list[ChunkRow]) -> list[Mark]:
    """Return page and heading where each chunk's own text begins, after the overlap with the one before."""
    # Has one element even if there are no rows, hence `strict=False` below.
    starts = [0, *(max(before.end, row.start) for before, row in pairwise(rows))]
    return [Mark(start, row.page, row.heading) for start, row in zip(starts, rows, strict=False)]
