"""Repair dies at each of its durable steps; run again, it ends where an undisturbed one does."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from invariants import checked_state
from mortal import finish, start
from small_segments import flip_segment
from sqlite_file import leaf_pages, logged_pages
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS
from wherein.storage.repair.sqlite_wal import log_of

PAGE = 4096
MOMENTS = ("begun", "written", "committed")


def steps(*names: str) -> list[str]:
    return [f"{name}.{moment}" if name in STEPS else name for name in names
            for moment in (MOMENTS if name in STEPS else ("",))]  # fmt: skip


GENERATION = ("generation.written", "generation.flushed", "generation.renamed", "generation.register")
CASES = [
    *(("rows", point) for point in steps("repair.rows", *GENERATION, "repair.generations")),
    *(("pages", point) for point in steps("repair.salvage", "repair.salvaged", "repair.log-gone", "repair.swapped",
                                          "repair.rows")),
    *(("no header", point) for point in steps("repair.salvaged", "repair.log-gone", "repair.swapped")),
    *(("indexes", point) for point in steps("repair.indexes")),
    *(("segments", point) for point in steps("repair.segments")),
]  # fmt: skip


def repair(folder: Path, _: Path, acknowledge: Connection) -> None:
    Library(folder, encoder=ToyEncoder()).repair()
    acknowledge.send("repaired")


def add(folder: Path, docs: Path, acknowledge: Connection) -> None:
    (docs / "late.txt").write_text("The late file speaks of lanterns.")
    Library(folder, encoder=ToyEncoder()).ingest([str(docs)])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose last writer was killed, so that its log is full."""
    scene = tmp_path_factory.mktemp("scene")
    docs = scene / "docs"
    docs.mkdir()
    for number in range(12):
        (docs / f"{number}.txt").write_text("\n\n".join(f"Lot {number}.{m} has {m} barrels." * 3 for m in range(20)))
    Library(scene / "library", encoder=ToyEncoder()).ingest([str(docs)])
    process, receiver = start(add, scene / "library", docs, "checkpoint.begun")
    finish(process, receiver)
    assert (scene / "library" / "catalog.db-wal").stat().st_size > 0
    return scene


def harm(folder: Path, how: str) -> None:
    if how == "rows":
        sql(folder, "UPDATE vectors SET vector = zeroblob(64) WHERE id IN (3, (SELECT max(id) FROM vectors))")
        path = next((folder / "generations").iterdir())
        os.truncate(path, 1000)
    elif how == "segments":
        flip_segment(folder)
    elif how == "indexes":
        with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
            db.execute("PRAGMA writable_schema=ON")
            hidden = db.execute("SELECT * FROM sqlite_master WHERE name = 'files_by_content'").fetchone()
            db.execute("DELETE FROM sqlite_master WHERE name = 'files_by_content'")
        sql(folder, "UPDATE files SET content_hash = x'00' WHERE id = (SELECT max(id) FROM files)")
        with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
            db.execute("PRAGMA writable_schema=ON")
            db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", hidden)
    else:
        if how == "no header":  # nor may the log have a sound copy of it
            sql(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
        logged = logged_pages(log_of(folder / "catalog.db"))
        assert 1 not in logged or how == "pages"
        leaves = leaf_pages(folder / "catalog.db", "vectors")
        page = 1 if how == "no header" else next(n for n in leaves if n not in logged)
        with (folder / "catalog.db").open("r+b") as file:
            file.seek((page - 1) * PAGE)
            file.write(b"no database here" * 6)


def sql(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as db:
        db.execute(statement)


def test_every_point_of_a_repair_is_tried() -> None:
    tried = {point for _, point in CASES}
    mine = steps(*(name for name in [*STEPS, *POINTS] if name.startswith("repair.")))
    assert set(mine) <= tried


@pytest.mark.parametrize(("how", "point"), CASES)
def test_death_of_a_repair(scene: Path, tmp_path: Path, how: str, point: str) -> None:
    folder = Path(shutil.copytree(scene / "library", tmp_path / "library"))
    docs = scene / "docs"
    harm(folder, how)
    process, receiver = start(repair, folder, docs, f"{point}:kill")
    assert finish(process, receiver) == []
    assert process.exitcode in (-signal.SIGKILL, EXIT_CODE)
    library = Library(folder, encoder=ToyEncoder())
    assert library.repair().left == ()
    assert not Library(folder, encoder=ToyEncoder()).verify().damaged
    assert not (folder / "salvage").exists()
    Library(folder, encoder=ToyEncoder()).reindex()
    state = checked_state(folder, ToyEncoder())
    assert len(state) == 13
    assert any("lanterns" in kept.text for kept in state.values())
