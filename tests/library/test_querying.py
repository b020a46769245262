"""Questions without a `Library`: the session, and the service that replaces it when the model is another."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from library_of_texts import library_of_texts
from toy import ToyEncoder
from wherein.errors import ModelMismatch, Stale, WhereinError
from wherein.library import Library, ResultOptions, querying
from wherein.library.models import ModelChoice
from wherein.library.querying import QueryService, QuerySession
from wherein.library.readers import CatalogReader
from wherein.search.pipeline import QueryOptions
from wherein.storage.catalog.connection import open_writer

TEXTS = {
    "lease": "The owner may sign the lease.",
    "copy": "The owner may sign the lease.",
    "cats": "Cats sleep all day.",
}


def options(mode: str = "hybrid", results: ResultOptions | None = None) -> QueryOptions:
    return QueryOptions(3, mode, None, results or ResultOptions())


def other() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_of_texts(tmp_path, TEXTS)


@pytest.fixture
def reader(library: Library) -> Iterator[CatalogReader]:
    with closing(CatalogReader(library.folder)) as reader:
        yield reader


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_session_and_batch_answer_as_the_library_does(library: Library, reader: CatalogReader, mode: str) -> None:
    session = QuerySession(reader.pool, library.folder, ModelChoice(encoder=ToyEncoder()))  # type: ignore[arg-type]
    questions = ["who may sign the lease?", "cats"]
    expected = [library.query(question, 3, mode=mode) for question in questions]
    assert [session.answer(question, options(mode=mode)) for question in questions] == expected
    queries, encoder = session.prepare(questions, options(mode=mode))
    assert session.answer_prepared(queries, options(mode=mode), encoder) == expected
    assert (encoder is None) == (mode == "keyword")


MANY = {
    **{f"note{n}": f"Box {n} of the {'red' if n % 2 else 'blue'} shelf holds {n * n} marbles." for n in range(30)},
    **{f"copy{n}": "The owner may sign the lease of the house at any time, but not the guest." for n in range(6)},
}
ASKED = [
    "who may sign the lease?", "box 7", '"red shelf" marbles', "marbles -blue", "box -7 -9", "unheard words",
    "who may sign the lease?", "guest", "289", "?", "the", "blue blue shelf",
]  # fmt: skip


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
@pytest.mark.parametrize(
    "results",
    [
        ResultOptions(), ResultOptions(fold=True), ResultOptions(fold=True, context=1, sentence=True),
        ResultOptions(require_fresh=True),
    ],
    ids=["plain", "fold", "all", "fresh"],
)  # fmt: skip
@pytest.mark.parametrize("together", [1, 5, 32])
def test_many_questions_have_the_answers_that_they_have_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, results: ResultOptions, together: int
) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in MANY.items():
        (tmp_path / "docs" / f"{name}.txt").write_text(text)
    monkeypatch.setattr(querying, "_TOGETHER", together)
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([str(tmp_path / "docs")])
        expected = [library.query(question, 4, mode=mode, options=results) for question in ASKED]
        assert list(library.query_many(ASKED, 4, mode=mode, options=results)) == expected
        assert any(answer.hits for answer in expected)


def test_few_questions_with_many_hits_are_answered_together() -> None:
    assert [querying._group_size(k) for k in (1, 100, 101, 1_000, 3_200, 1_000_000)] == [32, 32, 31, 3, 1, 1]


def test_questions_that_nobody_waits_for_any_more_are_not_encoded(library: Library) -> None:
    encoded = list[Any]()

    class Counting(ToyEncoder):
        def encode_tokenized(self, questions: Any) -> Any:
            encoded.extend(questions)
            return super().encode_tokenized(questions)

    with Library(library.folder, encoder=Counting()) as asked:  # type: ignore[arg-type]
        answers = asked.query_many((f"cats {n}" for n in range(256)), 1)
        assert next(answers).question == "cats 0"
        answers.close()
        count = len(encoded)
        assert asked.query("cats", 1).hits
    assert len(encoded) == count


def test_a_service_opens_another_session_once_the_model_is_another(library: Library) -> None:
    reader = CatalogReader(library.folder)
    choices = [ToyEncoder(), other()]

    class Installed(ModelChoice):
        def encoder_of(self, library: Any, *, one_by_one: bool = False, db: Any = None) -> Any:
            return next(encoder for encoder in choices if encoder.fingerprint == library.stored.fingerprint)

    service = QueryService(reader, library.folder, Installed())
    first, session = service.answer("who may sign the lease?", options()), service.session
    Library(library.folder, encoder=other()).reindex(model="other")  # type: ignore[arg-type]
    with pytest.raises(ModelMismatch):
        session.answer("who may sign the lease?", options())
    second = service.answer("who may sign the lease?", options())
    assert service.session is not session
    assert first.basis is not None
    assert second.basis is not None
    assert (first.basis.model, second.basis.model) == ("toy", "other")
    Library(library.folder, encoder=ToyEncoder()).reindex(model="toy")  # type: ignore[arg-type]
    (third,) = service.answer_many(["who may sign the lease?"], options())
    assert third.basis is not None
    assert third.basis.model == "toy"
    reader.close()


def test_a_library_without_documents_has_no_session(tmp_path: Path) -> None:
    open_writer(tmp_path).close()
    reader = CatalogReader(tmp_path)
    with pytest.raises(WhereinError, match="wherein ingest"):
        QueryService(reader, tmp_path, ModelChoice()).answer("anything", options(mode="keyword"))
    reader.close()


def test_stale_answers_are_an_error_for_one_question_only(library: Library, tmp_path: Path) -> None:
    for path in (tmp_path / "docs").iterdir():
        path.write_text("Something else.")
    reader = CatalogReader(library.folder)
    service = QueryService(reader, library.folder, ModelChoice(encoder=ToyEncoder()))  # type: ignore[arg-type]
    wanted = options(results=ResultOptions(require_fresh=True))
    with pytest.raises(Stale):
        service.answer("lease", wanted)
    (answer,) = service.answer_many(["lease"], wanted)
    assert (answer.hits, answer.stale) == ([], 3)
    reader.close()
