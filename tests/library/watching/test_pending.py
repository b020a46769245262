"""The paths that wait: collected, coalesced into folders, and at rest after they took long."""

from wherein.library.watching.pending import MOST_PATHS, Pending, coalesced


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_paths_are_taken_once() -> None:
    pending = Pending()
    pending.add(["/a", "/b"])
    pending.add(["/b", "/c"])
    assert len(pending) == 3
    assert pending.take() == {"/a", "/b", "/c"}
    assert pending.take() == set()


def test_a_path_that_took_long_rests_and_no_other_does() -> None:
    clock = Clock()
    pending = Pending(clock)
    pending.rest(["/log"], 2.0)
    pending.add(["/log", "/note"])
    assert pending.take() == {"/note"}
    assert len(pending) == 1
    clock.now += 7.9
    assert pending.take() == set()
    clock.now += 0.2
    assert pending.take() == {"/log"}


def test_no_path_rests_for_more_than_a_minute() -> None:
    clock = Clock()
    pending = Pending(clock)
    pending.rest(["/log"], 1_000.0)
    pending.add(["/log"])
    clock.now += 60.1
    assert pending.take() == {"/log"}


def test_many_paths_become_their_folders() -> None:
    paths = {f"/notes/{number % 10}/{number}.md" for number in range(50_000)}
    assert coalesced(paths) == {f"/notes/{number}" for number in range(10)}
    assert coalesced({f"/notes/{number}/a.md" for number in range(MOST_PATHS + 1)}) == {"/notes"}
    few = {f"/notes/{number}/a.md" for number in range(MOST_PATHS)}
    assert coalesced(few) == few


def test_waiting_ends_when_there_is_something_to_do() -> None:
    pending = Pending()
    pending.add(["/a"])
    pending.wait(3_600)
    pending.take()
    pending.wait(0.001)
    assert pending.take() == set()
