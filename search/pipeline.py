"""From a prepared question to its answer: rank, fold what says the same, read the text around it, present."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.embed.encoder import Matrix
from wherein.errors import UsageError
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.search.copies import MAX_BY_MEANING, NearCopies
from wherein.search.embedded import EmbeddedQuestion
from wherein.search.found import Choose
from wherein.search.hits import FreshnessOf, Hit
from wherein.search.hybrid import MAX_BY_WORDS, Ranker
from wherein.search.inflections import Inflections
from wherein.search.limits import READ_AGAIN
from wherein.search.modes import MODES
from wherein.search.phrase_check import MAX_TEXTS
from wherein.search.provenance import Provenance
from wherein.search.query_syntax import ParsedQuestion, parse_question
from wherein.search.results.dedupe import with_left_out
from wherein.search.results.postprocess import Gathered, ResultOptions, gather, with_context
from wherein.search.results.recognized import with_recognized
from wherein.search.results.sentences import with_sentences
from wherein.search.semantic import Searcher
from wherein.search.spelling import Correction, Speller, respelled
from wherein.search.trust import LOW_TRUST
from wherein.search.vocabulary import Vocabulary
from wherein.storage.catalog.coverage import main_language
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.text_lines import to_unicode
from wherein.storage.filters.selection import Filter
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.open_indexes import OpenIndexes, SharedIndexes
from wherein.uri import display

if TYPE_CHECKING:
    from wherein.search.reranking import PassageReader, Reranked

__all__ = [
    "Answer", "AnswerModels", "PreparedQuery", "QueryOptions", "QueryPipeline", "check_question", "with_searched_words",
]  # fmt: skip

_NO_GOOD_MATCH = "no good match; these are the nearest passages"
_MAX_SHOWN = 200
_STOPPED = (
    "stopped after {:,} passages, because most of them are near-copies or not fresh; there may be others that differ"
)
_COPIES_CUT = f"only the {MAX_BY_WORDS:,} best passages by words were considered, most of them copies of a few texts"
_PHRASES_CUT = f"phrases were searched for only in the {MAX_TEXTS:,} best passages that have their words"
_MODEL_CUT = "the model read only the beginning of the question; the rest was searched by its words: {}"
_MOSTLY_WORDS = (
    "the model hardly knows the words of this question, so it was answered mostly by the words themselves; for a model"
    " that knows more languages see: wherein model list"
)
_NO_WORDS = "the question has no words to search for"
_TOO_LONG = "the question is too long; only the first words were used for keyword search"

EncodeContexts = Callable[[Sequence[str]], Matrix]
EmbedQuestion = Callable[[str], EmbeddedQuestion]


@dataclass(frozen=True)
class Answer:
    """The hits for a question, best first; `truncated` is the part of it that no part of the search used.

    `notes` are sentences for the user: that the question has no words, that some of them were ignored, that a pattern
    of the filter matches no document, that no passage holds a quoted phrase, that no hit is a good match. `basis` names
    the generations and the model that the answer comes from. `stale` counts the passages that were left out because
    they are not fresh, when only fresh ones were asked for. `corrections` are the words that the library does not have,
    and what was searched in their place. `reranked` is what was read again, None where that was not asked for.
    """

    question: str
    truncated: str
    hits: list[Hit]
    notes: tuple[str, ...] = ()
    basis: Provenance | None = None
    stale: int = 0
    corrections: tuple[Correction, ...] = ()
    reranked: Reranked | None = None

    @cached_property
    def respelled(self) -> str:
        """The question with the words that were searched in place of those that the library does not have."""
        return respelled(self.question, self.corrections)


@dataclass(frozen=True)
class QueryOptions:
    """How a question is answered: by at most `k` hits, ranked by `mode`, of documents that pass the filter `only`."""

    k: int
    mode: str
    only: Filter | None
    results: ResultOptions

    @property
    def gathered(self) -> int:
        """How many hits are gathered: those that are read again, where they are more than are asked for."""
        return max(self.k, READ_AGAIN) if self.results.rerank else self.k

    @property
    def needs_vector(self) -> bool:
        """Whether the question is encoded: keyword search needs no model."""
        return self.mode != "keyword"


@dataclass(frozen=True)
class PreparedQuery:
    """A question, parsed and encoded.

    `words` is None in the mode `semantic`, which has no operators, `embedded` where the options need no vector.
    """

    question: str
    words: ParsedQuestion | None
    embedded: EmbeddedQuestion | None = None

    @property
    def terms(self) -> Sequence[int]:
        """The terms of the question in their order."""
        return self.words.order if self.words else parse_question(self.question, operators=False).order


@dataclass(frozen=True)
class AnswerModels:
    """The models that help to answer; None where there is none, or none is needed.

    `encode_contexts` embeds sentences, `[n, dimension]`, where the one that answers is to be marked; `embed_question`
    a question whose spelling was corrected; `reader` reads the best passages again.
    """

    encode_contexts: EncodeContexts | None = None
    embed_question: EmbedQuestion | None = None
    reader: PassageReader | None = None


class QueryPipeline:
    """Answers prepared questions from one library, with the vectors of `model`; without one, by keywords only.

    For one thread at a time. Holds the indexes of the last committed state, which other pipelines may `share`, and no
    transaction between questions.
    """

    def __init__(
        self, db: Catalog, folder: Path, model: StoredModel | None, shared: SharedIndexes | None = None
    ) -> None:
        self._db = db
        self._folder = folder
        self._model = model
        self._indexes = OpenIndexes(db, shared or SharedIndexes(folder, model))
        self._copies = NearCopies(db)
        vocabulary = Vocabulary(db)
        self._inflections = Inflections(partial(main_language, db), vocabulary)
        self._speller = Speller(vocabulary)
        self._ranker: Ranker | None = None
        self._searcher: Searcher | None = None

    def refresh(self, mode: str, metric: str) -> None:
        """Open the indexes that were committed last, so that the next question in `mode` finds them open."""
        (self._searcher_by(metric) if mode == "semantic" else self._by_words()).refresh()

    def answer(
        self,
        queries: Sequence[PreparedQuery],
        options: QueryOptions,
        freshness: FreshnessOf,
        models: AnswerModels = AnswerModels(),
    ) -> list[Answer]:
        """Answer questions, all from one snapshot; `freshness` returns the states of documents' files."""
        with self._reading(options.mode):
            return [self._answer(*self._corrected(query, models), options, freshness, models) for query in queries]

    def _corrected(self, query: PreparedQuery, models: AnswerModels) -> tuple[PreparedQuery, tuple[Correction, ...]]:
        """Return a question with all that is searched for its words, and which of them are taken to be misspelt."""
        if query.words is None:
            return query, ()
        with self._indexes.reading_keywords() as index:
            return with_searched_words(query, query.words, index, self._inflections, self._speller, models)

    def _reading(self, mode: str) -> AbstractContextManager[object]:
        """Return one snapshot, in which all indexes of a mode are loaded."""
        if mode == "semantic":
            return self._indexes.reading_vectors()
        return self._indexes.reading_keywords() if mode == "keyword" else self._indexes.reading_both()

    def _answer(
        self,
        query: PreparedQuery,
        corrections: tuple[Correction, ...],
        options: QueryOptions,
        freshness: FreshnessOf,
        models: AnswerModels,
    ) -> Answer:
        results = options.results
        self._copies.begin()
        gathered = gather(
            lambda k, choose: self._rank(query, k, options, choose),
            options.gathered,
            results,
            freshness,
            self._copies.likely,
        )
        hits, reranked = gathered.hits, None
        if models.reader:
            from wherein.search.reranking import rerank  # most questions do not need it

            question = respelled(query.question, corrections)
            hits, reranked = rerank(models.reader, question, hits, results.rerank_ms)
        hits = with_recognized(self._db, hits[: options.k])
        if results.fold and self._copies.has_left_out:
            hits = with_left_out(self._db, hits, self._copies, freshness if results.require_fresh else None)
        if options.results.context:
            hits = [with_context(self._db, hit, options.results.context) for hit in hits]
        if results.sentence:
            vector = query.embedded.vector if query.embedded else None
            forms = query.words.forms if query.words else {}
            hits = with_sentences(hits, query.terms, vector, models.encode_contexts, forms)
        is_semantic, cut = options.mode == "semantic", query.embedded.cut if query.embedded else ""
        ranking = self._by_meaning(query) if is_semantic else self._by_words()
        ranker = None if is_semantic else self._by_words()
        notes = (
            *(() if query.terms else (_NO_WORDS,)),
            *_ignored(query.words),
            *map(_searched, corrections),
            *([_MODEL_CUT.format(cut[:_MAX_SHOWN])] if cut and options.mode == "hybrid" else ()),
            *(_little_trust(hits) if query.terms else ()),
            *map(_no_match, ranking.unmatched),
            *(ranker.operator_notes(mode=options.mode, is_empty=not gathered.ranked) if ranker else ()),
            *_limits(gathered, options.k, ranker, self._copies),
            *_doubts(hits),
            *([reranked.describe(results.rerank_ms)] if reranked and reranked.passages else ()),
        )
        # In the mode hybrid, what the model did not see is searched by its words.
        truncated = cut if is_semantic else ""
        return Answer(query.question, truncated, hits, notes, ranking.provenance, gathered.stale, corrections, reranked)

    def _rank(self, query: PreparedQuery, k: int, options: QueryOptions, choose: Choose) -> list[Hit]:
        """Return hits of those of the `k` best passages by the mode that `choose` picks."""
        copies = self._copies if options.results.fold else None
        if options.mode == "semantic":
            assert query.embedded is not None
            return self._by_meaning(query).search(query.embedded.vector, k, options.only, copies, choose)
        assert query.words is not None
        if options.mode == "keyword":
            return self._by_words().by_keywords(query.words, k, options.only, copies, choose)
        assert query.embedded is not None
        return self._by_words().search(query.words, query.embedded, k, options.only, copies, choose)

    def _by_meaning(self, query: PreparedQuery) -> Searcher:
        assert query.embedded is not None
        return self._searcher_by(query.embedded.metric)

    def _searcher_by(self, metric: str) -> Searcher:
        if self._searcher is None:
            assert self._model is not None
            self._searcher = Searcher(self._db, self._folder, self._model, metric, self._indexes)
        return self._searcher

    def _by_words(self) -> Ranker:
        if self._ranker is None:
            self._ranker = Ranker(self._db, self._folder, self._model, self._indexes)
        return self._ranker


def with_searched_words(
    query: PreparedQuery,
    words: ParsedQuestion,
    index: KeywordIndex,
    inflections: Inflections,
    speller: Speller,
    models: AnswerModels,
) -> tuple[PreparedQuery, tuple[Correction, ...]]:
    """Return a question with all that is searched for its `words`, and which of these are taken to be misspelt.

    A text with corrections is embedded again. Call inside the snapshot that `index` is of.
    """
    searched, corrections = speller.correct(index, inflections.add(index, words))
    embedded = query.embedded
    if corrections and embedded is not None and models.embed_question is not None:
        embedded = models.embed_question(respelled(searched.meaning, corrections))
    return replace(query, words=searched, embedded=embedded), corrections


def check_question(question: str, options: QueryOptions) -> None:
    """Raise UsageError for a question that cannot be answered with these options."""
    if not question.strip():
        raise UsageError("The question is empty")
    if question != to_unicode(question):
        raise UsageError("The question is not text: it has lone surrogates, which stand for bytes that are not UTF-8")
    if options.mode not in MODES:
        raise UsageError(f"There is no mode {options.mode}; there are {', '.join(MODES)}")
    if options.mode == "semantic" and options.results.strict:
        raise UsageError(
            "The mode semantic ignores quotes, so no question can be strict there; choose hybrid or keyword"
        )
    lowest = options.results.min_score
    if options.mode == "hybrid" and lowest is not None and not 0 <= lowest <= 1:
        raise UsageError("In the mode hybrid the minimum score is a probability: a number from 0 to 1")


def _ignored(words: ParsedQuestion | None) -> tuple[str, ...]:
    return (_TOO_LONG,) if words and words.cut else ()


def _searched(one: Correction) -> str:
    return f'no passage contains the word "{display(one.word)}"; "{display(one.searched)}" was searched for as well'


def _no_match(pattern: str) -> str:
    return f"no document matches the path or pattern {display(pattern[:_MAX_SHOWN])}; see: wherein documents list"


def _limits(gathered: Gathered, k: int, ranker: Ranker | None, copies: NearCopies) -> Iterator[str]:
    """Yield a note for each limit of work that the question has reached."""
    if ranker and ranker.phrases_cut:
        yield _PHRASES_CUT
    if ranker and ranker.copies_cut:
        yield _COPIES_CUT
    if gathered.stopped and len(gathered.hits) < k:
        yield _STOPPED.format(gathered.ranked)
    elif copies.cut and len(gathered.hits) < k:
        yield _STOPPED.format(max(k, MAX_BY_MEANING))


def _little_trust(hits: Sequence[Hit]) -> tuple[str, ...]:
    return (_MOSTLY_WORDS,) if any(hit.trust is not None and hit.trust < LOW_TRUST for hit in hits) else ()


def _doubts(hits: Sequence[Hit]) -> tuple[str, ...]:
    chances = [hit.chance for hit in hits if hit.chance is not None]
    return (_NO_GOOD_MATCH,) if chances and max(chances) < NO_GOOD_MATCH else ()
