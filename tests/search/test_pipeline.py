"""From a prepared question to its answer, without a model of the library's and without a `Library`."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from made_hits import all_are
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.library import Library
from wherein.search.embedded import EmbeddedQuestion
from wherein.search.filters.parse import Filter, parse_filter
from wherein.search.modes import MODES
from wherein.search.pipeline import AnswerModels, PreparedQuery, QueryOptions, QueryPipeline, check_question
from wherein.search.query_syntax import parse_question
from wherein.search.results.postprocess import ResultOptions
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model


def options(
    k: int = 3, mode: str = "hybrid", only: Filter | None = None, results: ResultOptions | None = None
) -> QueryOptions:
    return QueryOptions(k, mode, only, results or ResultOptions())


@pytest.fixture
def pipeline(library: Library, db: Any) -> QueryPipeline:
    return QueryPipeline(db, library.folder, bound_model(db))


def prepared(question: str) -> PreparedQuery:
    vector, _ = ToyEncoder().encode_question(question)
    return PreparedQuery(question, parse_question(question), EmbeddedQuestion(vector, "cosine", 4.0))


def test_the_pipeline_leaves_out_stale_hits(library: Library, db: Any, pipeline: QueryPipeline) -> None:
    cats = next(document.id for document in library.documents() if document.uri.endswith("cats.txt"))
    wanted = options(results=ResultOptions(require_fresh=True))
    (answer,) = pipeline.answer(
        [prepared("owner lease")], wanted, lambda ids: {id: "fresh" if id == cats else "changed" for id in ids}
    )
    assert [hit.document for hit in answer.hits] == [cats]
    assert answer.stale == 2
    (answer,) = pipeline.answer([prepared("owner lease")], wanted, all_are("missing"))
    assert (answer.hits, answer.stale) == ([], 3)


def test_the_pipeline_folds_filters_and_marks_sentences(pipeline: QueryPipeline) -> None:
    question = prepared("who may sign the lease?")
    (answer,) = pipeline.answer([question], options(results=ResultOptions(fold=True)), all_are("fresh"))
    assert [len(hit.also_in) for hit in answer.hits] == [1, 0]
    assert pipeline.answer([question], options(only=parse_filter(types=["pdf"])), all_are("fresh"))[0].hits == []
    marked = options(only=parse_filter(types=["txt"]), results=ResultOptions(sentence=True))
    (answer,) = pipeline.answer([question], marked, all_are("fresh"), AnswerModels(ToyEncoder().encode_contexts))
    assert len(answer.hits) == 3
    assert all(hit.sentence for hit in answer.hits)
    assert answer.basis is not None
    assert answer.basis.model == "toy"


def test_the_part_that_nothing_searched_is_returned_and_the_part_that_only_words_searched_is_noted(
    pipeline: QueryPipeline,
) -> None:
    vector, _ = ToyEncoder().encode_question("lease")
    query = PreparedQuery("lease", parse_question("lease"), EmbeddedQuestion(vector, "cosine", 4.0, "and so on"))
    answers = {mode: pipeline.answer([query], options(mode=mode), all_are("fresh"))[0] for mode in MODES}
    assert {mode: answer.truncated for mode, answer in answers.items()} == {
        "hybrid": "", "semantic": "and so on", "keyword": "",
    }  # fmt: skip
    note = "the model read only the beginning of the question; the rest was searched by its words: and so on"
    assert [mode for mode, answer in answers.items() if note in answer.notes] == ["hybrid"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("question", ['"', "-", "*", "???", '"..." -'])
def test_a_question_without_words_is_noted(pipeline: QueryPipeline, mode: str, question: str) -> None:
    (answer,) = pipeline.answer([prepared(question)], options(mode=mode), all_are("fresh"))
    assert answer.notes.count("the question has no words to search for") == 1
    for words in ("-lease", "🎉", "C++"):
        (answer,) = pipeline.answer([prepared(words)], options(mode=mode), all_are("fresh"))
        assert "the question has no words to search for" not in answer.notes


def test_only_a_hybrid_answer_says_that_words_counted_more_than_meaning(tmp_path: Path) -> None:
    """Also after a question of that kind, and in an answer without hits."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(120):
        (docs / f"{number}.txt").write_text(f"Box {number} holds marbles number{number}.")
    library = Library(tmp_path / "many", encoder=ToyEncoder())
    library.ingest([docs])
    with closing(open_reader(library.folder)) as db:
        pipeline = QueryPipeline(db, library.folder, bound_model(db))

        def says_so(question: str, mode: str, characters: float) -> bool:
            # The vector of other words: the passages with the question's words are not near it.
            vector, _ = ToyEncoder().encode_question("unheard of elsewhere")
            query = PreparedQuery(question, parse_question(question), EmbeddedQuestion(vector, "cosine", characters))
            (answer,) = pipeline.answer([query], options(mode=mode), all_are("fresh"))
            return any(note.startswith("the model hardly knows the words") for note in answer.notes)

        assert says_so("number7", "hybrid", 0.5)
        assert not says_so("number7", "keyword", 0.5)
        assert not says_so("nowhere", "keyword", 0.5)
        assert not says_so("number7", "semantic", 0.5)
        assert not says_so('"not there" -marbles', "hybrid", 0.5)
        assert not says_so("number7", "hybrid", 4.0)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        (" ", options()),
        ("lease", options(mode="psychic")),
        ("lease", options(results=ResultOptions(min_score=1.5))),
    ],
)
def test_questions_that_cannot_be_answered(question: str, asked: QueryOptions) -> None:
    with pytest.raises(UsageError):
        check_question(question, asked)


@pytest.mark.parametrize("question", ["caf\udce9", "\ud800", "a \udfff b"])
@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_a_question_with_lone_surrogates_is_refused(question: str, mode: str) -> None:
    with pytest.raises(UsageError, match=r"^The question is not text"):
        check_question(question, QueryOptions(5, mode, None, ResultOptions()))
