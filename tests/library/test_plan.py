"""A dry run counts what the run would do, and writes nothing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sample_docs import write_docs
from toy import ToyEncoder
from wherein.errors import UsageError
from wherein.ingest.progress.dry_run import Plan
from wherein.library import Library

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", encoder=ToyEncoder())


def files(folder: Path) -> dict[str, bytes]:
    """What a library keeps; an empty log, and SQLite's index of it, come with every reader."""
    found = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if data and not name.endswith("-shm")}


def test_a_plan_counts_what_the_run_then_does_and_writes_nothing(library: Library, tmp_path: Path) -> None:
    folder = write_docs(tmp_path)
    first = library.plan([str(folder)])
    assert not library.folder.exists()
    done = library.ingest([str(folder)])
    assert (first.new, first.skipped, first.chunks, first.embedded) == (4, 1, done.chunks, done.embedded)
    text = (folder / "edited.txt").read_text()
    (folder / "edited.txt").write_text(text.replace("Paragraph 20 of", "Part 20 of"))
    (folder / "moved.txt").rename(folder / "elsewhere.txt")
    (folder / "gone.txt").unlink()
    shutil.copy(folder / "kept.txt", folder / "copy.txt")
    before = files(library.folder)
    plan = library.plan([str(folder)])
    assert files(library.folder) == before
    done = library.ingest([str(folder)])
    assert (plan.new, plan.changed, plan.moved, plan.unchanged, plan.gone) == (1, 1, 1, 1, 1)
    same = ("new", "changed", "moved", "unchanged", "skipped", "failed", "chunks", "embedded", "reused")
    assert {name: plan.as_dict()[name] for name in same} == {name: done.as_dict()[name] for name in same}
    assert 0 < plan.embedded < 5
    assert plan.reused > 10
    again = library.plan([str(folder)])
    assert again == Plan(0, 0, 0, 4, 0, 1, 1, 0, 0, 0, 0, 0, 0.0)


def test_a_plan_knows_what_belongs_to_other_sources_and_what_comes_back(library: Library, tmp_path: Path) -> None:
    folder = write_docs(tmp_path)
    library.ingest([str(folder)])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "r.jsonl").write_text('{"id": "1", "text": "One."}\n{"id": "2", "text": "Two."}\n')
    assert library.plan([str(tmp_path / "other")]).gone == 0
    library.ingest([str(tmp_path / "other")])
    (tmp_path / "other" / "r.jsonl").write_text('{"id": "1", "text": "One."}\n')
    shutil.copy(folder / "moved.txt", folder / "copy.txt")
    (folder / "moved.txt").rename(folder / "elsewhere.txt")
    library.remove_documents([str(folder / "kept.txt")], purge=True)
    places = [str(folder), str(folder / "kept.txt"), str(tmp_path / "other")]
    plan, done = library.plan(places), library.ingest(places)
    same = ("new", "changed", "moved", "unchanged", "removed", "skipped")
    assert {name: plan.as_dict()[name] for name in same} == {name: done.as_dict()[name] for name in same}
    assert (done.new, done.moved, done.removed) == (2, 1, 1)


def test_a_plan_counts_the_tokens_of_what_is_to_be_embedded(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One two three.")
    (tmp_path / "b.txt").write_text("One two three.")
    plan = library.plan([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert (plan.new, plan.chunks, plan.embedded, plan.reused, plan.tokens) == (2, 2, 1, 1, 6)
    with pytest.raises(UsageError, match="There is no file or folder"):
        library.plan([str(tmp_path / "none.txt")])


# Events.


# The time left.


# What the model knew.
