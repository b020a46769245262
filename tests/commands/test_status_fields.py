"""What `wherein status` prints of a library and of its last reindex."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from wherein.commands.status import _last_reindex, _watch
from wherein.library import Library
from wherein.library.watching.state import StateFile, WatchState, watch_lock

Run = Callable[..., Result]


def test_each_field_is_a_line(run: Run, toy_library: Library) -> None:
    lines = [line for line in run("status").stdout.splitlines() if line]
    fields = {line[:16].rstrip(): line[17:] for line in lines}
    assert fields["library"] == str(toy_library.folder)
    assert (fields["documents"], fields["chunks"], fields["vectors"], fields["delta"]) == ("3", "3", "3", "0")
    assert (fields["model"], fields["precision"], fields["index"]) == ("toy", "w8a32", "exact")
    assert fields["device"] == "CPU"
    assert (fields["purge unfinished"], fields["last reindex"]) == ("no", "none yet")
    status = toy_library.status()
    assert fields["bytes"].startswith(f"{status.bytes:,} (catalogue {status.parts['catalogue']:,}, ")
    assert not {"night", "parts"} & set(fields)


def test_json_has_every_field_of_the_status(run: Run) -> None:
    status = json.loads(run("status", "--json").stdout)
    assert (status["schema"], status["documents"], status["night"]) == (1, 3, None)
    assert set(status["parts"]) == {"catalogue", "log", "index", "keywords", "aside", "other"}


def test_the_last_reindex_is_shown_with_its_outcome(run: Run) -> None:
    assert run("reindex").exit_code == 0
    (line,) = [line for line in run("status").stdout.splitlines() if line.startswith("last reindex")]
    assert " UTC: done (" in line


def reindexed(outcome: str, **report: Any) -> Mapping[str, Any]:
    return {"began_at": "2026-03-04T05:06:07+00:00", "ended_at": None, "outcome": outcome, "report": report}


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (None, "none yet"),
        (reindexed("done", reason="", seconds=1_234.56), "2026-03-04 05:06 UTC: done (1,234.6 s)"),
        (
            reindexed("refused", reason="it is worse", seconds=2),
            "2026-03-04 05:06 UTC: refused, it is worse (2.0 s)",
        ),
        (reindexed("unfinished"), "2026-03-04 05:06 UTC: still running, or killed; the next one resumes it"),
        (reindexed("failed"), "2026-03-04 05:06 UTC: failed (0.0 s)"),
    ],
)
def test_a_reindex_in_one_line(run: Mapping[str, Any] | None, line: str) -> None:
    assert _last_reindex(run) == line


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (None, "no"),
        ({"pid": 7, "doing": "idle", "pending": 0, "absent": []}, "process 7: idle, 0 changes pending"),
        ({"pid": 7, "doing": "ingesting", "pending": 1, "absent": []}, "process 7: ingesting, 1 change pending"),
        (
            {"pid": 7, "doing": "waiting", "pending": 1_200, "absent": ["/disk/notes", "/usb"]},
            "process 7: waiting for another process that writes, 1,200 changes pending; waiting for /disk/notes, /usb",
        ),
    ],
)
def test_a_watch_in_one_line(state: Mapping[str, Any] | None, line: str) -> None:
    assert _watch(state) == line


def test_the_watch_is_in_the_json(run: Run, toy_library: Library) -> None:
    assert json.loads(run("status", "--json").stdout)["watch"] is None
    with watch_lock(toy_library.folder):
        StateFile(toy_library.folder, WatchState(7, "2026-01-02T03:04:05+00:00", "idle", 3))
        assert json.loads(run("status", "--json").stdout)["watch"] == {
            "pid": 7, "began_at": "2026-01-02T03:04:05+00:00", "doing": "idle", "pending": 3, "absent": [],
            "walked_at": "",
        }  # fmt: skip


def test_the_coverage_of_all_texts(run: Run, tmp_path: Path) -> None:
    shown = run("status", "--coverage").stdout
    assert shown.startswith("documents        3, 3 of them measured\ncharacters       80, 0 of them in no passage\n")
    covered = json.loads(run("status", "--coverage", "--json").stdout)
    assert (covered["schema"], covered["documents"], covered["characters"]) == (1, 3, 80)
