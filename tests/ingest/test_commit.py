"""The queue of vectors and writes: each write is committed in its turn, when the vectors that it needs are there."""

from collections.abc import Iterator

import pytest
from sqlite_utils import Database

from toy import ToyEncoder
from wherein.ingest import commit
from wherein.ingest.commit import CommitQueue
from wherein.ingest.title_vectors import TokenizedInput
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import known_inputs

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


class Recorded:
    """A queue, and what it did: writes, the calls when they are committed, and the hashes of each commit."""

    def __init__(self, db: Database, model: StoredModel, encoder: ToyEncoder) -> None:
        self.db = db
        self.events: list[str] = []
        self.commits: list[list[bytes]] = []
        self.queue = CommitQueue(db, model, encoder, "test", self.commits.append)  # type: ignore[arg-type]

    def add(self, name: str, *needs: bytes) -> None:
        def write() -> None:
            self.events.append(name)
            self.db.execute("INSERT INTO settings (key, value) VALUES (?, '')", [name])

        self.queue.add(write, frozenset(needs), lambda: self.events.append(f"{name} done"))

    def embed(self, *names: bytes) -> None:
        self.queue.embed((TokenizedInput(name, [1, 5, 2]) for name in names), lambda: False)

    def written(self) -> list[str]:
        return [key for (key,) in self.db.execute("SELECT key FROM settings WHERE key LIKE 'write%' ORDER BY rowid")]


@pytest.fixture
def recorded(db: Database, stored: StoredModel, encoder: ToyEncoder) -> Recorded:
    return Recorded(db, stored, encoder)


def test_writes_are_committed_with_the_vectors_that_they_need(recorded: Recorded, stored: StoredModel) -> None:
    assert recorded.queue.claim([A, B]) == [A, B]
    recorded.add("write 1", A, B)
    recorded.embed(A, B)
    assert recorded.events == ["write 1", "write 1 done"]
    assert known_inputs(recorded.db, stored.id, [A, B, C]) == {A, B}
    assert recorded.commits == [[A, B]]


def test_a_write_waits_and_so_do_those_after_it(recorded: Recorded) -> None:
    recorded.queue.claim([A])
    recorded.add("write 1")
    recorded.add("write 2", A)
    recorded.add("write 3")
    recorded.embed()
    assert recorded.written() == ["write 1"]
    recorded.embed(A)
    assert recorded.written() == ["write 1", "write 2", "write 3"]


def test_an_input_is_claimed_until_its_vector_is_committed(recorded: Recorded) -> None:
    assert recorded.queue.claim([A, B, A]) == [A, B, A]
    assert recorded.queue.claim([B, C]) == [C]
    assert recorded.queue.is_claimed(A)
    recorded.embed(A)
    assert not recorded.queue.is_claimed(A)
    assert recorded.queue.is_claimed(B)


def test_a_write_alone_comes_after_what_is_complete(recorded: Recorded) -> None:
    recorded.queue.claim([A])
    recorded.add("write 1")
    recorded.add("write 2", A)
    recorded.queue.add_alone("test", lambda: recorded.events.append(f"alone after {recorded.written()}"))
    assert recorded.events == ["write 1", "write 1 done", "alone after ['write 1']"]


def test_vectors_are_committed_as_they_come(
    recorded: Recorded, stored: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_COMMIT_VECTORS", 2)
    names = [bytes([number]) * 32 for number in range(5)]
    recorded.embed(*names)
    assert recorded.commits == [names[:2], names[2:4], names[4:]]


def test_the_first_commit_comes_earlier_than_the_others(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 10.2, 10.3, 10.4, 10.5, 11.3, 11.5, 11.6, 11.7, 11.8])
    monkeypatch.setattr(commit.time, "monotonic", lambda: next(now))
    recorded.embed(A, B, C, b"d" * 32, b"e" * 32, b"f" * 32)
    # Due 0.25 s after the first vector at 10.0, then a second after the commit at 10.4.
    assert [len(hashes) for hashes in recorded.commits] == [2, 3, 1]


def test_what_is_embedded_before_an_error_is_kept(recorded: Recorded, stored: StoredModel) -> None:
    def inputs() -> Iterator[TokenizedInput]:
        yield TokenizedInput(A, [1, 5, 2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorded.queue.embed(inputs(), lambda: False)
    assert known_inputs(recorded.db, stored.id, [A]) == {A}


def test_embedding_ends_when_time_is_up(recorded: Recorded, stored: StoredModel) -> None:
    recorded.queue.embed((TokenizedInput(name, [1, 5, 2]) for name in (A, B, C)), lambda: True)
    assert known_inputs(recorded.db, stored.id, [A, B, C]) == {A}


def test_a_write_that_fails_undoes_its_whole_commit(recorded: Recorded, stored: StoredModel) -> None:
    def fail() -> None:
        raise ValueError("no")

    recorded.queue.claim([A])
    recorded.add("write 1", A)
    recorded.queue.add(fail)
    with pytest.raises(ValueError, match="no"):
        recorded.embed(A)
    assert recorded.written() == []
    assert known_inputs(recorded.db, stored.id, [A]) == set()
