"""What `status` shows of a process that watches, and that there is only one."""

import json
import os
from pathlib import Path

import pytest

from wherein.errors import LibraryBusy
from wherein.library.watching.state import StateFile, WatchState, read_watch_state, watch_lock


def test_the_state_is_that_of_the_process_that_holds_the_lock(tmp_path: Path) -> None:
    assert read_watch_state(tmp_path) is None
    with watch_lock(tmp_path):
        file = StateFile(tmp_path, WatchState(os.getpid(), "2026-01-02T03:04:05+00:00"))
        file.update(doing="ingesting", pending=7, absent=("/disk",))
        expected = WatchState(os.getpid(), "2026-01-02T03:04:05+00:00", "ingesting", 7, ("/disk",), "")
        assert read_watch_state(tmp_path) == expected
    assert read_watch_state(tmp_path) is None  # as after a crash, which leaves the file
    file.remove()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["watch.lock"]


def test_a_second_one_is_refused_by_name(tmp_path: Path) -> None:
    with watch_lock(tmp_path):
        StateFile(tmp_path, WatchState(4711, ""))
        with pytest.raises(LibraryBusy, match=r"^process 4711 is watching this library already$"), watch_lock(tmp_path):
            pass
    with watch_lock(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}', json.dumps({"absent": [], "more": 1}), "null"])
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    with watch_lock(tmp_path):
        (tmp_path / "watch.json").write_text(content)
        assert read_watch_state(tmp_path) is None
