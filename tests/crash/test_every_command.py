"""The process dies at every durable step: what was acknowledged stays, no document is incomplete, and the next run
finishes."""

import json
import os
import shutil
import signal
from contextlib import closing
from pathlib import Path

import pytest

from deaths import WAYS
from invariants import Kept, checked_state
from mortal import every_command, finish, start
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.term_counts import count_terms, save_terms
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS
from wherein.uri import file_uri

FIRST_STEPS = ("model.bind", "migration.applied")
TESTED_ELSEWHERE = (
    "backup", "restore", "repair", "reembed", "keywords.recount", "ingest.settle", "migration.texts", "segment",
    "export", "import",
)  # fmt: skip
IN_REINDEX = ("golden", "generation.rollback", "earlier-model")
FAILPOINTS = [
    name
    for name in [f"{step}.{moment}" for step in STEPS for moment in ("begun", "written", "committed")] + list(POINTS)
    if not name.startswith((*TESTED_ELSEWHERE, *IN_REINDEX))
]
SECRET = "The brooch is buried beneath the seventh poplar."


def write(docs: Path, name: str, text: str) -> None:
    (docs / name).write_text(text)
    os.utime(docs / name, ns=(10**18, 10**18))


def long_text(topic: str) -> str:
    return "\n\n".join(f"Paragraph {n} about {topic}: lot {n * n} has {n} barrels of herring." for n in range(12))


def record(number: int, topic: str) -> str:
    """Return a line of JSONL; two of three records have a title, which two of them may share."""
    title = ("", "The harbour", f"Record of the {topic}")[number % 3]
    return json.dumps({"id": f"r{number}", "title": title, "text": f"Record {number} of the {topic}."}) + "\n"


def first_files(docs: Path) -> None:
    (docs / "second").mkdir(parents=True)
    for name in ("kept", "edited", "moved", "gone", "removed", "second/other"):
        write(docs, f"{name}.txt", long_text(name))
    write(docs, "purged.txt", SECRET)
    write(docs, "records.jsonl", "".join(record(n, "quay") for n in range(5)))


def change_files(docs: Path) -> None:
    write(docs, "edited.txt", long_text("edited").replace("Paragraph 6", "Section 6 in a new version"))
    write(docs, "new.txt", long_text("new"))
    (docs / "moved.txt").rename(docs / "renamed.txt")
    (docs / "gone.txt").unlink()
    write(docs, "records.jsonl", "".join(record(n, "ship") for n in range(1, 6)))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that is behind its files, and a copy of it that an undisturbed run has brought up to date."""
    scenes = tmp_path_factory.mktemp("scenes")
    docs = scenes / "docs"
    first_files(docs)
    library = Library(scenes / "before", encoder=ToyEncoder())
    library.ingest([str(docs)])
    library.ingest([str(docs / "second")])
    change_files(docs)
    shutil.copytree(scenes / "before", scenes / "after")
    process, receiver = start(every_command, scenes / "after", docs)
    assert finish(process, receiver) == ["ingest", "remove", "reindex", "purge", "forget"]
    assert process.exitcode == 0
    return scenes


@pytest.fixture(scope="module")
def before(scenes: Path) -> dict[str, Kept]:
    """The documents of the library that is behind its files."""
    return checked_state(scenes / "before", ToyEncoder())


@pytest.fixture(scope="module")
def after(scenes: Path) -> dict[str, Kept]:
    """The documents after an undisturbed run."""
    return checked_state(scenes / "after", ToyEncoder())


def texts(state: dict[str, Kept]) -> dict[str, tuple[str, tuple[tuple[int, int], ...]]]:
    return {uri: (kept.text, kept.spans) for uri, kept in state.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_death_at_every_durable_step(
    scenes: Path, before: dict[str, Kept], after: dict[str, Kept], tmp_path: Path, failpoint: str, way: str
) -> None:
    library, docs = tmp_path / "library", scenes / "docs"
    from_nothing = failpoint.startswith(FIRST_STEPS)
    if from_nothing:
        before = {}
    else:
        shutil.copytree(scenes / "before", library)
    process, receiver = start(every_command, library, docs, f"{failpoint}:{way}")
    acknowledged = finish(process, receiver)
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    if failpoint != "migration.applied":
        state = checked_state(library, ToyEncoder())
        assert_acknowledged_work_is_kept(docs, state, before, after, acknowledged)
        if "purge" in acknowledged:
            assert not any(SECRET.encode() in path.read_bytes() for path in library.rglob("*") if path.is_file())
    process, receiver = start(every_command, library, docs)
    assert finish(process, receiver)[-1] == "forget"
    assert texts(checked_state(library, ToyEncoder())) == texts(after)
    status = Library(library, encoder=ToyEncoder()).status()
    assert (status.delta, status.purge_unfinished) == (0, False)


def assert_acknowledged_work_is_kept(
    docs: Path, state: dict[str, Kept], before: dict[str, Kept], after: dict[str, Kept], acknowledged: list[str]
) -> None:
    removed, purged = file_uri(str(docs / "removed.txt")), file_uri(str(docs / "purged.txt"))
    passing = {removed, purged}  # they are in a library that begins empty for a while
    for uri, kept in state.items():
        versions = {states[uri].text for states in (before, after) if uri in states}
        assert kept.text in versions or (not before and uri in passing)
        if uri in before:
            assert kept.id == before[uri].id
    if "ingest" in acknowledged:
        assert {uri: state[uri].text for uri in after} == {uri: kept.text for uri, kept in after.items()}
    else:
        moved, renamed = file_uri(str(docs / "moved.txt")), file_uri(str(docs / "renamed.txt"))
        assert set(before) - {moved} <= set(state) | {file_uri(str(docs / "records.jsonl")) + "#r0"}
        assert not before or (moved in state) != (renamed in state)
    if "remove" in acknowledged:
        assert removed not in state
    if "reindex" in acknowledged:
        assert file_uri(str(docs / "gone.txt")) not in state
    if "purge" in acknowledged:
        assert purged not in state


@pytest.mark.parametrize("failpoint", [f"keywords.recount.{moment}" for moment in ("begun", "written", "committed")])
def test_death_while_terms_are_recounted(scenes: Path, tmp_path: Path, failpoint: str) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    before = checked_state(library, ToyEncoder())
    with closing(open_writer(library)) as db, writing(db, "test"):
        db.execute("UPDATE settings SET value = 'of an older version' WHERE key = 'terms'")
        rows = db.execute("SELECT id FROM terms").fetchall()
        # As another version may have counted them.
        save_terms(db, [(number, count_terms("something else")) for (number,) in rows])
    process, receiver = start(every_command, library, scenes / "docs", failpoint)
    finish(process, receiver)
    assert process.exitcode == EXIT_CODE
    process, receiver = start(every_command, library, scenes / "docs")
    assert finish(process, receiver)[-1] == "forget"
    assert len(checked_state(library, ToyEncoder())) < len(before)
