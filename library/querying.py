"""Answering questions: each is parsed, encoded with the library's model, and handed to the search pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wherein.errors import ModelMismatch, Stale, WhereinError
from wherein.ingest.changes.freshness import Freshness
from wherein.library.models import LibraryModel, ModelChoice, library_model
from wherein.library.opening import EMPTY, CatalogReader
from wherein.search.pipeline import Answer, PreparedQuery, QueryOptions, QueryPipeline, check_question
from wherein.search.query_syntax import ParsedQuestion, parse_question
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.documents import count_documents

if TYPE_CHECKING:
    import sqlite3

    from wherein.embed.answer_extractor import AnswerExtractor
    from wherein.embed.encoder import Encoder

__all__ = ["QueryService", "QuerySession"]

_BATCH_SIZE = 256
_NO_VECTORS = "This library's vectors are lost; compute them again with: wherein reindex"
_STALE = (
    "Passages were found, but none is fresh: their files have changed or disappeared since they were read; update with:"
    " wherein reindex"
)

Result = TypeVar("Result")


class QuerySession:
    """What answers questions while a library stays with one model: its encoder, its indexes, the answer model.

    Each is opened on first use. `library` is that model, None when it is lost. Once the library has moved to another
    model, each question raises ModelMismatch, and the session is to be dropped as a whole.
    """

    def __init__(self, db: sqlite3.Connection, folder: Path, choice: ModelChoice) -> None:
        """Raise WhereinError when nothing was ingested yet."""
        with snapshot(db):
            self.library = library_model(db)
            if self.library is None and not count_documents(db):
                raise WhereinError(EMPTY)
        self.db = db
        self._choice = choice
        self._pipeline = QueryPipeline(db, folder, self.library.stored if self.library else None)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of single questions. Raises WhereinError when the library's vectors are lost."""
        return self._choice.encoder_of(self._model, one_by_one=True, db=self.db)

    @cached_property
    def answer_model(self) -> AnswerExtractor:
        """The installed answer model. Raises WhereinError, whose message says how to get one, when there is none."""
        from wherein.embed.answer_extractor import AnswerExtractor, installed_answer_model

        # At the library's own precision, so that a copy answers the same elsewhere.
        precision, choice = self.encoder.precision, self._choice
        return AnswerExtractor(installed_answer_model(), precision, cache=choice.cache, threads=choice.threads)

    def answer(self, question: str, options: QueryOptions) -> Answer:
        """Answer one question."""
        words = _parsed(question, options)
        if not options.needs_vector:
            return self.answer_prepared(PreparedQuery(question, words), options)
        metric = self.encoder.model.metric
        # The network is loaded in a thread, while this one loads indexes and tokenizer (docs/decisions/cold-query.md).
        self.encoder.prepare()
        self._pipeline.refresh(options.mode, metric)  # while the network is loaded
        vector, tokens = self.encoder.encode_question(words.meaning if words else question)
        query = PreparedQuery(question, words, vector, metric, tokens.cut)
        return self.answer_prepared(query, options, self.encoder)

    def prepare(self, questions: Sequence[str], options: QueryOptions) -> tuple[list[PreparedQuery], Encoder | None]:
        """Parse and encode many questions at once; return them with the encoder, None where none was needed."""
        words = [_parsed(question, options) for question in questions]
        if not options.needs_vector:
            return [PreparedQuery(text, parsed) for text, parsed in zip(questions, words, strict=True)], None
        # Not `self.encoder`, which is set up for single questions: for many, one stream per core is faster.
        encoder = self._choice.encoder_of(self._model, db=self.db)
        metric, tokenizer = encoder.model.metric, encoder.tokenizer
        meanings = [parsed.meaning if parsed else text for text, parsed in zip(questions, words, strict=True)]
        vectors = encoder.encode_questions(meanings)
        return [
            PreparedQuery(question, parsed, vector, metric, tokenizer.question(meaning).cut)
            for question, parsed, vector, meaning in zip(questions, words, vectors, meanings, strict=True)
        ], encoder

    def answer_prepared(self, query: PreparedQuery, options: QueryOptions, encoder: Encoder | None = None) -> Answer:
        """Answer a question that `prepare` returned, with its encoder."""
        encode_contexts = encoder.encode_contexts if encoder else None
        # `Freshness` checks each file once, so each answer needs a new one.
        return self._pipeline.answer(query, options, Freshness(self.db).of_document, encode_contexts)

    @property
    def _model(self) -> LibraryModel:
        if self.library is None:
            raise WhereinError(_NO_VECTORS)
        return self.library


class QueryService:
    """Answers questions through a session, and through another one once the library has moved to another model."""

    def __init__(self, reader: CatalogReader, folder: Path, choice: ModelChoice) -> None:
        self._reader = reader
        self._folder = folder
        self._choice = choice
        self._open: QuerySession | None = None

    @property
    def session(self) -> QuerySession:
        """The open session; one that found no model is not kept, because a reindex can bring it."""
        db = self._reader.db
        if self._open is None or self._open.library is None or self._open.db is not db:
            self._open = QuerySession(db, self._folder, self._choice)
        return self._open

    def drop_session(self) -> None:
        """Give up the open session: the library may have another model now, or be another library."""
        self._open = None

    def answer(self, question: str, options: QueryOptions) -> Answer:
        """Answer one question. Raises Stale when only fresh passages are wanted and none is."""
        check_question(question, options)
        answer = self._with_session(lambda session: session.answer(question, options))
        if answer.stale and not answer.hits:
            raise Stale(_STALE)
        return answer

    def answer_many(self, questions: Iterable[str], options: QueryOptions) -> Iterator[Answer]:
        """Yield the answer to each question, in order; they are encoded many at a time."""
        waiting = iter(questions)
        while batch := list(islice(waiting, _BATCH_SIZE)):
            for question in batch:
                check_question(question, options)
            yield from self._answer_batch(batch, options)

    def _answer_batch(self, batch: Sequence[str], options: QueryOptions) -> Iterator[Answer]:
        queries, encoder = self._with_session(lambda session: session.prepare(batch, options))
        for number in range(len(batch)):
            try:
                answer = self.session.answer_prepared(queries[number], options, encoder)
            except ModelMismatch:  # see `_with_session`
                self.drop_session()
                # The batch was encoded by the old model, and has to be encoded again.
                queries, encoder = self.session.prepare(batch, options)
                answer = self.session.answer_prepared(queries[number], options, encoder)
            yield answer

    def _with_session(self, ask: Callable[[QuerySession], Result]) -> Result:
        try:
            return ask(self.session)
        except ModelMismatch:  # perhaps because the library has moved to another model since the session began
            self.drop_session()
            # Once: if it is raised again, the right model is not installed, or another was chosen.
            return ask(self.session)


def _parsed(question: str, options: QueryOptions) -> ParsedQuestion | None:
    return None if options.mode == "semantic" else parse_question(question)
