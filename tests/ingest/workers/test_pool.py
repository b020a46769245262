"""What a file can do to the process that reads it, and what happens to the files after it."""

import io
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from mutations import OFFICE, OTHERS
from wherein.errors import Unreadable, WhereinError
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.choose import choose
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers import pool as module
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, Job, Opened, Trouble
from wherein.ingest.workers.pool import Pool
from wherein.storage.catalog.checksums import content_hash

CRASHED = "the reader crashed"


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.close()


def write(folder: Path, name: str, text: str = "Some text.") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def everything(pool: Pool, job: Job) -> tuple[Opened, list[Document | Problem]]:
    reading = pool.submit(job)
    opened = reading.opened()
    return opened, [] if opened.last else list(reading.documents())


def test_a_file_is_hashed_recognized_and_read(pool: Pool, tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "# Title\n\nText.")
    opened, documents = everything(pool, Job(path))
    assert opened == Opened(content_hash("# Title\n\nText."), "markdown-5")
    with open(path, "rb") as stream:  # noqa: PTH123 - as the reader gets it
        assert documents == list(choose(path, stream).read(stream, path))


def test_a_worker_that_was_started_ahead_reads_the_first_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # tests that read files inline start none ahead
    module.start_ahead()
    module.start_ahead()  # one is enough
    ahead = module._ahead.process
    assert ahead is not None
    pool = Pool(2)
    try:
        for name in ("a.txt", "b.txt"):
            _, documents = everything(pool, Job(write(tmp_path, name, name)))
            assert [part.text for part in documents if isinstance(part, Document)] == [name]
        first, second = pool._workers
        assert first._process is ahead
        assert second._process is not ahead
        assert module._ahead.process is None
    finally:
        pool.close()
    assert ahead.process.returncode == 0


def test_a_worker_that_was_started_ahead_is_replaced_when_it_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    module.start_ahead()
    pool = Pool(1)
    try:
        assert everything(pool, Job(write(tmp_path, "a.txt")))[0].label == "plain-9"
        (worker,) = pool._workers
        assert worker._process is not None
        worker._process.process.kill()
        assert everything(pool, Job(write(tmp_path, "b.txt")))[0].trouble == Trouble(FAILED, CRASHED)
        assert everything(pool, Job(write(tmp_path, "c.txt")))[0].label == "plain-9"
    finally:
        pool.close()


def test_a_worker_that_another_thread_has_started_ahead_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    has_started, may_end = Event(), Event()

    def other() -> None:
        module.start_ahead()
        has_started.set()
        may_end.wait()
        module.end_ahead()

    thread = Thread(target=other)
    thread.start()
    has_started.wait()
    pool = Pool(1)
    try:
        assert everything(pool, Job(write(tmp_path, "a.txt")))[0].label == "plain-9"
        may_end.set()
        thread.join()  # with it dies what it has started
        assert everything(pool, Job(write(tmp_path, "b.txt")))[0].label == "plain-9"
    finally:
        may_end.set()
        pool.close()


def test_what_need_not_be_read_is_not_read(pool: Pool, tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt")
    name = content_hash("Some text.")
    assert everything(pool, Job(path, known=name)) == (Opened(name, same=True), [])
    reason = "larger than --max-size (0 MB): it is 0 MB"
    assert everything(pool, Job(path, max_size=9))[0] == Opened(name, "plain-9", trouble=Trouble(LARGE, reason))
    opened, _ = everything(pool, Job(str(tmp_path / "none.txt")))
    assert opened == Opened(trouble=Trouble(REFUSED, "cannot be read: no such file or directory"))
    opened, _ = everything(pool, Job(write(tmp_path, "empty.txt", "")))
    assert opened.trouble == Trouble(SKIPPED, "empty file")
    with pytest.raises(Skipped, match="no text"):
        everything(pool, Job("page.html", b"<html><body><script>1</script></body></html>"))


def test_files_come_in_their_order_and_records_one_after_another(pool: Pool, tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{number}.txt", f"Text {number}.") for number in range(40)]
    records = "".join(f'{{"id": "r{number}", "text": "{"word " * 200}{number}"}}\n' for number in range(2_000))
    readings = [pool.submit(Job(path)) for path in [*paths[:20], write(tmp_path, "r.jsonl", records), *paths[20:]]]
    found = []
    for reading in readings:
        assert reading.opened().trouble is None
        found.append([item.text for item in reading.documents() if isinstance(item, Document)])
    assert [len(texts) for texts in found] == [1] * 20 + [2_000] + [1] * 20
    assert [texts[0] for texts in found[:20] + found[21:]] == [f"Text {number}." for number in range(40)]
    assert [text.rpartition(" ")[2] for text in found[20]] == [str(number) for number in range(2_000)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hang", "took longer than 2 s to read"),
        ("crash", CRASHED),
        ("exit", CRASHED),
        ("late", CRASHED),
        ("greedy", "needs more than 2 GB of memory to read"),
        ("buggy", "the reader failed with an internal error (KeyError)"),
    ],
)
def test_one_file_costs_only_itself(tmp_path: Path, name: str, reason: str) -> None:
    pool = Pool(1, seconds=2, module="odd_worker")
    try:
        readings = [pool.submit(Job(write(tmp_path, f"{stem}.txt"))) for stem in ("before", name, "after", "last")]
        assert [readings[0].opened().trouble, len(list(readings[0].documents()))] == [None, 1]
        assert readings[1].opened() == Opened(content_hash("Some text."), "plain-9")
        with pytest.raises(Unreadable) as problem:
            assert len(list(readings[1].documents())) == 1
        assert str(problem.value) == reason
        for reading in readings[2:]:
            assert [reading.opened().trouble, len(list(reading.documents()))] == [None, 1]
    finally:
        pool.close()


def test_a_crash_before_the_reader_is_known(tmp_path: Path) -> None:
    pool = Pool(1, seconds=2, module="odd_worker")
    try:
        opened = pool.submit(Job(write(tmp_path, "choosing.txt"))).opened()
        assert opened == Opened(content_hash("Some text."), trouble=Trouble(FAILED, CRASHED))
        assert pool.submit(Job(write(tmp_path, "a.txt"))).opened().trouble is None
    finally:
        pool.close()


def test_workers_that_cannot_be_started(tmp_path: Path) -> None:
    pool = Pool(1, module="no_such_module")
    with pytest.raises(WhereinError, match="The process that reads files could not be started"):
        pool.submit(Job(write(tmp_path, "a.txt"))).opened()
    pool.close()


def test_a_worker_reads_what_this_process_would_read(pool: Pool) -> None:
    for name, data, _ in (*OFFICE.values(), *OTHERS.values()):
        stream = io.BytesIO(data)
        here: object
        try:
            here = list(choose(name, stream).read(stream, name))
        except Unreadable as problem:
            here = str(problem)
        assert what(pool, Job(name, data)) == here, name


def what(pool: Pool, job: Job) -> object:
    """The documents, or why there are none."""
    try:
        opened, documents = everything(pool, job)
    except Unreadable as problem:
        return str(problem)
    return opened.trouble.reason if opened.trouble else documents
