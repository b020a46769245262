"""One `Library`, many threads: every answer is right while documents come and go and the index is replaced.

`python bench/threads.py` does the same for minutes with the shipped model, with figures.
"""

import multiprocessing
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from busy_library import BusyLibrary
from toy import ToyEncoder
from wherein.errors import LibraryBusy, WhereinError
from wherein.library import Library, ResultOptions
from wherein.library.models import ModelChoice
from wherein.library.querying import QueryService
from wherein.library.readers import CatalogReader
from wherein.search.pipeline import QueryOptions

TEXTS = ["The owner may sign the lease.", "Cats sleep all day.", "A kayak is stored in the boathouse."]
QUESTIONS = ["who may sign the lease?", "what do cats do?", "where is the kayak?"]


def made(folder: Path, **options: Any) -> Library:
    docs = folder / "docs"
    docs.mkdir()
    for number, text in enumerate(TEXTS):
        (docs / f"{number}.txt").write_text(text)
    library = Library(folder / "library", **{"encoder": ToyEncoder(), **options})
    library.ingest([str(docs)])
    return library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with made(tmp_path) as library:
        yield library


def together(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work` with 0 to `threads` - 1, at once, and return the results."""
    begin = threading.Barrier(threads, timeout=60)

    def run(number: int) -> Any:
        begin.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


@pytest.mark.slow
def test_eight_threads_ask_while_one_changes_documents_and_one_reindexes(tmp_path: Path) -> None:
    with BusyLibrary(tmp_path, encoder=ToyEncoder()) as busy:
        busy.run(8, seconds=0, answers=1_500, states=6)
        assert busy.library.verify().findings == ()
    assert busy.mistakes == Counter()
    assert min(busy.answers[kind] for kind in ("by_meaning", "by_words", "by_both", "many", "list")) > 20
    assert min(busy.answers[kind] for kind in ("about_the_moving", "words_of_the_moving")) > 20
    assert len(busy.states) > 5


@pytest.mark.slow
def test_eight_threads_ask_the_shipped_model(tmp_path: Path, compiled_cache: Path) -> None:
    with BusyLibrary(tmp_path, cache=compiled_cache) as busy:
        busy.run(8, seconds=0, answers=200)
    assert busy.mistakes == Counter()


@pytest.mark.parametrize("index", ["ivf", "hnsw", "exact"])
def test_threads_share_an_index_of_each_kind(tmp_path: Path, index: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(150):
        (docs / f"{number}.txt").write_text(f"Lot {number} has {number * 7} barrels of herring.")
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    library.reindex(index=index)
    questions = [f"lot {number} barrels" for number in range(40)]
    with Library(tmp_path / "library", encoder=ToyEncoder()) as alone:  # type: ignore[arg-type]
        expected = [alone.query(question, 4, mode="semantic").hits for question in questions]

    def ask(seed: int) -> bool:
        order = random.Random(seed).sample(range(len(questions)), len(questions))
        return all(library.query(questions[at], 4, mode="semantic").hits == expected[at] for at in order)

    assert all(together(8, ask))
    library.close()


def test_the_first_questions_of_all_threads_open_the_library_once(library: Library) -> None:
    with Library(library.folder, encoder=ToyEncoder()) as alone:  # type: ignore[arg-type]
        expected = [alone.query(QUESTIONS[number % 3], 2) for number in range(8)]
    assert together(8, lambda number: library.query(QUESTIONS[number % 3], 2)) == expected


def test_threads_notice_that_the_library_has_moved_to_another_model(library: Library) -> None:
    other = ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")
    encoders = {encoder.fingerprint: encoder for encoder in (ToyEncoder(), other)}

    class Installed(ModelChoice):
        def encoder_of(self, library: Any, *, one_by_one: bool = False, db: Any = None) -> Any:
            return encoders[library.stored.fingerprint]

    done = threading.Event()
    options = QueryOptions(2, "semantic", None, ResultOptions())
    with closing(CatalogReader(library.folder)) as reader:
        service = QueryService(reader, library.folder, Installed())

        def ask(number: int) -> set[tuple[str, str]]:
            found = set()
            while not done.is_set():
                one = service.answer(QUESTIONS[0], options)
                (many,) = service.answer_many([QUESTIONS[0]], options)
                for answer in (one, many):
                    assert answer.basis is not None
                    found.add((answer.basis.model, answer.hits[0].text))
            return found

        with ThreadPoolExecutor(4) as pool:
            found = [pool.submit(ask, number) for number in range(4)]
            for name in ("other", "toy", "other", "toy"):
                encoder = other if name == "other" else ToyEncoder()
                Library(library.folder, encoder=encoder).reindex(model=name)  # type: ignore[arg-type]
            done.set()
        assert set().union(*(one.result() for one in found)) == {("toy", TEXTS[0]), ("other", TEXTS[0])}


def test_threads_that_write_wait_for_each_other(library: Library, tmp_path: Path) -> None:
    def write(number: int) -> int:
        if number % 4 == 3:
            return library.reindex().new
        if number % 4 == 2:
            return len([library.add_golden(f"question {number}", str(tmp_path / "docs" / "0.txt"))])
        return library.ingest_stream(f"note {number}", f"Note {number} is about herring.".encode()).new

    assert together(8, write) == [1, 1, 1, 0, 1, 1, 1, 0]
    assert len(list(library.documents())) == 3 + 4
    assert len(library.golden()) == 2
    assert library.verify().findings == ()


def test_two_objects_of_one_process_wait_for_each_other_too(library: Library) -> None:
    with Library(library.folder, encoder=ToyEncoder()) as other:  # type: ignore[arg-type]
        both = [library, other]
        together(2, lambda number: both[number].ingest_stream(f"note {number}", b"Herring."))
    assert len(list(library.documents())) == 3 + 2


def test_a_thread_that_writes_already_is_refused(library: Library, tmp_path: Path) -> None:
    refused: list[Exception] = []

    def report(_: object) -> None:
        try:
            library.remove_golden("1")
        except LibraryBusy as error:
            refused.append(error)

    (tmp_path / "docs" / "new.txt").write_text("A new text.")
    assert library.ingest([str(tmp_path / "docs")], report=report).new == 1
    assert refused


def test_a_generator_may_be_consumed_by_other_threads_or_abandoned(library: Library) -> None:
    expected = [library.query(question, 1) for question in QUESTIONS]
    answers, documents = library.query_many(QUESTIONS, 1), library.documents()
    taken = [together(1, lambda _: (next(answers), next(documents).uri))[0] for _ in QUESTIONS]
    assert [answer for answer, _ in taken] == expected
    assert [uri for _, uri in taken] == [document.uri for document in library.documents()]
    for _ in range(50):  # more often than there are connections
        assert next(library.query_many(QUESTIONS, 1)) == expected[0]
        assert next(library.documents()).uri.endswith("/0.txt")


def test_questions_under_way_end_when_the_library_is_closed(library: Library) -> None:
    expected = [library.query(question, 2) for question in QUESTIONS]
    asked = threading.Event()

    def ask(number: int) -> str:
        while True:
            try:
                assert library.query(QUESTIONS[number % 3], 2) == expected[number % 3]
            except WhereinError as error:
                return str(error)
            asked.set()

    with ThreadPoolExecutor(8) as pool:
        ends = [pool.submit(ask, number) for number in range(8)]
        asked.wait(60)
        library.close()
    assert {end.result() for end in ends} == {"This library was closed; make another Library to use it again"}
    for use in (library.status, lambda: list(library.documents()), lambda: library.query("cats", mode="keyword")):
        with pytest.raises(WhereinError, match="was closed"):
            use()


def test_a_library_that_was_used_before_a_fork_says_so_in_the_child(library: Library) -> None:
    library.query(QUESTIONS[0])
    assert forked(lambda: library.query(QUESTIONS[0])).startswith("WhereinError: This library was opened before")
    assert forked(library.close) == "None"
    assert library.query(QUESTIONS[0], 1).hits[0].text == TEXTS[0]


def test_a_library_that_was_not_used_yet_works_in_a_forked_child(library: Library) -> None:
    fresh = Library(library.folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    assert forked(lambda: fresh.query(QUESTIONS[0], 1).hits[0].text) == TEXTS[0]
    assert forked(lambda: fresh.ingest_stream("note", b"A note.").new) == "1"
    assert fresh.query(QUESTIONS[0], 1).hits[0].text == TEXTS[0]
    fresh.close()


def forked(work: Callable[[], object]) -> str:
    """Return what `work` returns, or raises, in a forked child."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    pid = os.fork()
    if not pid:
        try:
            sender.send(str(work()))
        except BaseException as error:
            sender.send(f"{type(error).__name__}: {error}")
        os._exit(0)
    assert receiver.poll(60)
    os.waitpid(pid, 0)
    return str(receiver.recv())
