"""Answering questions: each is parsed, encoded with the library's model, and handed to the search pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, TypeVar

from wherein.embed.devices import CPU
from wherein.errors import ModelMismatch, Stale, WhereinError
from wherein.ingest.changes.freshness import Freshness, HashedFiles
from wherein.library.models import LibraryModel, ModelChoice, library_model
from wherein.library.opening import EMPTY
from wherein.library.pool import Closed, Pool
from wherein.library.question_encoders import QuestionEncoders
from wherein.library.readers import CatalogReader, Reader
from wherein.search.embedded import embed_question, embed_questions
from wherein.search.pipeline import Answer, AnswerModels, PreparedQuery, QueryOptions, check_question
from wherein.search.query_syntax import ParsedQuestion, parse_question
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.documents import count_documents
from wherein.storage.disk.batched import batched
from wherein.storage.index.open_indexes import SharedIndexes

if TYPE_CHECKING:
    from wherein.embed.answer_extractor import AnswerExtractor
    from wherein.embed.encoder import Encoder
    from wherein.search.reranking import PassageReader

__all__ = ["QueryService", "QuerySession"]

_BATCH_SIZE = 256
# Questions that are answered together: two full batches of the encoder, one for each of two cores.
_TOGETHER = 32
# Their answers are in memory at once.
_MAX_HITS_TOGETHER = 3_200
_NO_VECTORS = "This library's vectors are lost; compute them again with: wherein reindex"
_STALE = (
    "Passages were found, but none is fresh: their files have changed or disappeared since they were read; update with:"
    " wherein reindex"
)

Result = TypeVar("Result")


class QuerySession:
    """What answers questions while a library stays with one model: its encoders, its indexes, the answer model.

    Any number of threads may use it; each part is opened on first use. `library` is that model, None when it is lost.
    Once the library has moved to another model, each question raises ModelMismatch, and once the catalog was replaced,
    Closed: then the session is to be dropped as a whole.
    """

    def __init__(self, readers: Pool[Reader], folder: Path, choice: ModelChoice) -> None:
        """Raise WhereinError when nothing was ingested yet."""
        with readers.lend() as reader, snapshot(reader.db) as db:
            self.library: LibraryModel | None = library_model(db)
            if self.library is None and not count_documents(db):
                raise WhereinError(EMPTY)
        self.readers = readers
        self._choice = choice
        self._hashed = HashedFiles()
        self._indexes = SharedIndexes(folder, self.library.stored if self.library else None)
        self._lock = RLock()  # held while a part is opened: two threads must not load the same model
        self._prepared = set[str]()

    @property
    def encoder(self) -> Encoder:
        """The encoder of single questions. Raises WhereinError when the library's vectors are lost."""
        return self._encoders.alone

    @property
    def batch_encoder(self) -> Encoder:
        """The encoder of many questions at once. Raises as `encoder` does."""
        with self._lock:
            return self._batch_encoder

    @property
    def answer_model(self) -> AnswerExtractor:
        """The installed answer model. Raises WhereinError, whose message says how to get one, when there is none."""
        with self._lock:
            return self._answer_model

    @property
    def passage_reader(self) -> PassageReader:
        """What reads passages again: the installed reranker, else the answer model. Raises as `answer_model` does."""
        with self._lock:
            return self._passage_reader

    def answer(self, question: str, options: QueryOptions) -> Answer:
        """Answer one question."""
        words = _parsed(question, options)
        if not options.needs_vector:
            return self.answer_prepared([PreparedQuery(question, words)], options)[0]
        encoders, meaning = self._encoders, words.meaning if words else question
        self._prepare(encoders.alone, options.mode)
        with encoders.lend(meaning) as encoder:
            # Before a connection is borrowed: questions that wait for the model share an inference, however many read.
            query = PreparedQuery(question, words, embed_question(encoder, meaning))
            return self.answer_prepared([query], options, encoder)[0]

    def prepare(self, questions: Sequence[str], options: QueryOptions) -> tuple[list[PreparedQuery], Encoder | None]:
        """Parse and encode many questions at once; return them with the encoder, None where none was needed."""
        words = [_parsed(question, options) for question in questions]
        if not options.needs_vector:
            return [PreparedQuery(text, parsed) for text, parsed in zip(questions, words, strict=True)], None
        encoder = self.batch_encoder
        meanings = [parsed.meaning if parsed else text for text, parsed in zip(questions, words, strict=True)]
        embedded = embed_questions(encoder, meanings)
        return list(map(PreparedQuery, questions, words, embedded)), encoder

    def answer_prepared(
        self, queries: Sequence[PreparedQuery], options: QueryOptions, encoder: Encoder | None = None
    ) -> list[Answer]:
        """Answer questions that `prepare` returned, with its encoder, from one state of the library."""
        models = AnswerModels(
            encoder.encode_contexts if encoder else None,
            partial(embed_question, encoder) if encoder else None,
            self.passage_reader if options.results.rerank else None,
        )
        with self.readers.lend() as reader:
            pipeline = reader.pipeline(self._indexes)
            # `Freshness` checks each file once, so that answers at another time need a new one.
            freshness = Freshness(reader.db, self._hashed, thorough=options.results.require_fresh)
            return pipeline.answer(queries, options, freshness.of_documents, models)

    def _prepare(self, encoder: Encoder, mode: str) -> None:
        """Before the first question in a mode, load the network in one thread and the indexes in this one."""
        if mode in self._prepared:
            return
        encoder.prepare()  # docs/decisions/cold-query.md
        with self.readers.lend() as reader:
            reader.pipeline(self._indexes).refresh(mode, encoder.model.metric)
        self._prepared.add(mode)

    @property
    def _encoders(self) -> QuestionEncoders:
        with self._lock:
            return self._question_encoders

    @cached_property
    def _question_encoders(self) -> QuestionEncoders:
        with self.readers.lend() as reader:
            alone = self._choice.encoder_of(self._model, one_by_one=True, db=reader.db)
        # Where the user chose the number of threads, it is that for all questions.
        is_free = self._choice.encoder is None and not self._choice.threads and alone.device == CPU
        return QuestionEncoders(alone, alone.with_threads if is_free else None)

    @cached_property
    def _batch_encoder(self) -> Encoder:
        # Not `_encoder`, which is set up for single questions: for many, one stream per core is faster.
        with self.readers.lend() as reader:
            return self._choice.encoder_of(self._model, db=reader.db)

    @cached_property
    def _answer_model(self) -> AnswerExtractor:
        from wherein.embed.answer_extractor import AnswerExtractor, installed_answer_model

        # At the library's own precision, so that a copy answers the same elsewhere.
        precision, choice = self._encoders.alone.precision, self._choice
        return AnswerExtractor(installed_answer_model(), precision, cache=choice.cache, threads=choice.threads)

    @cached_property
    def _passage_reader(self) -> PassageReader:
        from wherein.embed.reranker import Reranker, installed_reranker
        from wherein.search.reranking import CrossReader, SpanReader

        model = installed_reranker()
        if model is None:
            return SpanReader(self._answer_model)
        precision, choice = self._encoders.alone.precision, self._choice
        return CrossReader(Reranker(model, precision, cache=choice.cache, threads=choice.threads))

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
        self._lock = Lock()
        self._open: QuerySession | None = None

    @property
    def session(self) -> QuerySession:
        """The open session; one that found no model is not kept, because a reindex can bring it."""
        with self._lock:
            if self._open is None or self._open.library is None:
                self._open = QuerySession(self._reader.pool, self._folder, self._choice)
            return self._open

    def drop_session(self, session: QuerySession | None = None) -> None:
        """Give up the open session, if it is `session`, or in any case when that is None.

        The library may have another model now, or be another library.
        """
        with self._lock:
            if session is None or self._open is session:
                self._open = None

    def answer(self, question: str, options: QueryOptions) -> Answer:
        """Answer one question. Raises Stale when only fresh passages are wanted and none is."""
        check_question(question, options)
        answer = self._with_session(lambda session: session.answer(question, options))
        if answer.stale and not answer.hits:
            raise Stale(_STALE)
        return answer

    def answer_many(self, questions: Iterable[str], options: QueryOptions) -> Iterator[Answer]:
        """Yield the answer to each question, in order; while some are answered, the next are encoded."""
        for batch in batched(questions, _BATCH_SIZE):
            for question in batch:
                check_question(question, options)
            yield from self._answer_batch(batch, options)

    def _answer_batch(self, batch: Sequence[str], options: QueryOptions) -> Iterator[Answer]:
        from concurrent.futures import ThreadPoolExecutor  # a single question does not need it

        groups = [_PreparedGroup(group, options) for group in batched(batch, _group_size(options.k))]
        ahead = ThreadPoolExecutor(1, "wherein-encode")
        try:
            encoded = [ahead.submit(self._with_session, group.prepare) for group in groups]
            for group, is_encoded in zip(groups, encoded, strict=True):
                is_encoded.result()
                # Nothing is borrowed while the caller looks at an answer.
                yield from self._with_session(group.answer)
        finally:
            ahead.shutdown(cancel_futures=True)

    def _with_session(self, ask: Callable[[QuerySession], Result]) -> Result:
        """Return what `ask` returns, with another session once the library has another model, or is another."""
        session, asked = self.session, 0
        while True:
            asked += 1
            try:
                return ask(session)
            except (ModelMismatch, Closed):
                self.drop_session(session)
                replacement = self.session
                same = (replacement.library, replacement.readers) == (session.library, session.readers)
                if same and asked > 1:  # the right model is not installed, or another was chosen
                    raise
                session = replacement


class _PreparedGroup:
    """Questions that are parsed, encoded and answered together; again once the library has another model."""

    def __init__(self, questions: Sequence[str], options: QueryOptions) -> None:
        self._questions = questions
        self._options = options
        self._model: LibraryModel | None = None
        self._queries: list[PreparedQuery] = []
        self._encoder: Encoder | None = None

    def prepare(self, session: QuerySession) -> None:
        """Parse and encode the questions, unless that was done with the session's model."""
        if not self._queries or self._model != session.library:
            self._queries, self._encoder = session.prepare(self._questions, self._options)
            self._model = session.library

    def answer(self, session: QuerySession) -> list[Answer]:
        """Return the answers."""
        self.prepare(session)
        return session.answer_prepared(self._queries, self._options, self._encoder)


def _group_size(k: int) -> int:
    """Return how many questions with `k` hits each are answered together."""
    return max(1, min(_TOGETHER, _MAX_HITS_TOGETHER // k))


def _parsed(question: str, options: QueryOptions) -> ParsedQuestion | None:
    return None if options.mode == "semantic" else parse_question(question, strict=options.results.strict)
