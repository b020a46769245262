"""Answering questions to a library in Milvus: encoded as always, and ranked from the candidates that the store has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from threading import RLock, local
from typing import TYPE_CHECKING

from wherein.embed.devices import CPU
from wherein.errors import ModelMismatch, UsageError, WhereinError
from wherein.library.cluster.catalog_copy import active_model
from wherein.library.cluster.copy_reader import CopyReader
from wherein.library.cluster.filters import passing
from wherein.library.models import LibraryModel, ModelChoice
from wherein.library.querying import QueryService, QuerySession
from wherein.library.question_encoders import QuestionEncoders
from wherein.search.embedded import embed_question
from wherein.search.pipeline import Answer, AnswerModels, PreparedQuery, QueryOptions
from wherein.search.stored.pipeline import StoredPipeline
from wherein.storage.catalog.models import StoredModel
from wherein.storage.store.store import Model, Store

if TYPE_CHECKING:
    from wherein.embed.encoder import Encoder

__all__ = ["ClusterQueries", "ClusterSession", "library_model_of"]

_NOT_FRESH = (
    "It is not known whether the files of a library in Milvus are unchanged, because they may be on another machine;"
    " omit --require-fresh"
)


def library_model_of(store: Store) -> LibraryModel | None:
    """Return the model of a store, None before the first ingest."""
    model = active_model(store)
    if model is None:
        return None
    folders = [Path(str(one.value["value"])) for one in store.records("setting", ["model folder"])]
    installed = next((folder for folder in folders if (folder / "model.json").exists()), None)
    return LibraryModel(_stored(model), installed)


def _stored(model: Model) -> StoredModel:
    return StoredModel(1, model.fingerprint, model.name, model.version, model.precision, model.width)


class ClusterSession(QuerySession):
    """What answers questions while a store stays with one model; any number of threads may use it."""

    def __init__(self, store: Store, reader: CopyReader, choice: ModelChoice, empty: str) -> None:
        """Raise WhereinError when nothing was ingested yet."""
        self.library = library_model_of(store)
        if self.library is None:
            raise WhereinError(empty)
        self.readers = store  # type: ignore[assignment]
        self._store = store
        self._reader = reader
        self._choice = choice
        self._lock = RLock()
        self._prepared = set[str]()
        self._own = local()

    def answer_prepared(
        self, queries: Sequence[PreparedQuery], options: QueryOptions, encoder: Encoder | None = None
    ) -> list[Answer]:
        """Answer questions that `prepare` returned, with its encoder."""
        if options.results.require_fresh:
            raise UsageError(_NOT_FRESH)
        model = self._store.generation.model
        if model.fingerprint != self._model.stored.fingerprint:
            raise ModelMismatch("The library belongs to another model now")
        models = AnswerModels(
            encoder.encode_contexts if encoder else None,
            partial(embed_question, encoder) if encoder else None,
            self.passage_reader if options.results.rerank else None,
        )
        allowed = passing(self._reader, options.only)
        pipeline = self._pipeline(encoder.model.metric if encoder else "cosine")
        return [pipeline.answer(query, options, allowed, models) for query in queries]

    def _pipeline(self, metric: str) -> StoredPipeline:
        """Return this thread's pipeline."""
        known: dict[str, StoredPipeline] = self._own.__dict__.setdefault("pipelines", {})
        if metric not in known:
            known[metric] = StoredPipeline(self._store, metric)
        return known[metric]

    def _prepare(self, encoder: Encoder, mode: str) -> None:
        encoder.prepare()

    @cached_property
    def _question_encoders(self) -> QuestionEncoders:
        alone = self._choice.encoder_of(self._model, one_by_one=True)
        is_free = self._choice.encoder is None and not self._choice.threads and alone.device == CPU
        return QuestionEncoders(alone, alone.with_threads if is_free else None)

    @cached_property
    def _batch_encoder(self) -> Encoder:
        return self._choice.encoder_of(self._model)


class ClusterQueries(QueryService):
    """Answers questions through a session, and through another one once the library has moved to another model."""

    def __init__(self, store: Store, reader: CopyReader, choice: ModelChoice, empty: str) -> None:
        super().__init__(reader, Path(store.address), choice)
        self._store = store
        self._copies = reader
        self._empty = empty

    @property
    def session(self) -> QuerySession:
        """The open session."""
        with self._lock:
            if self._open is None:
                self._open = ClusterSession(self._store, self._copies, self._choice, self._empty)
            return self._open
