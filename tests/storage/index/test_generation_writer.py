"""A new generation becomes the active one in one transaction, or nothing changes."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from approximate_libraries import COUNT, Library
from catalogs import document, hashes, save, store_range
from wherein.errors import Damaged, Refused
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import StoredModel
from wherein.storage.disk.file_entry import file_entry
from wherein.storage.index.approximate import open_approximate
from wherein.storage.index.generation_files import load_generation, load_postings
from wherein.storage.index.generation_writer import Registration, Reuse, write_generation
from wherein.storage.index.generations import KEYWORDS, Generation, active_generation, generation_path
from wherein.storage.index.method import EXACT, IVF


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "generations").iterdir())


def test_the_record_is_that_of_the_file(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store_range(db, model, 0, 5)
    with writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE id = 2")
    written = write_generation(db, tmp_path, model)
    assert active_generation(db) == written
    assert (written.id, written.model_id, written.file, written.count, written.highest_id) == (
        1, model.id, "000001.faiss", 4, 5,
    )  # fmt: skip
    entry = file_entry(generation_path(tmp_path, written.file))
    assert (written.bytes, written.sha256, written.method.name) == (entry.size, entry.sha256, EXACT)
    assert written.method.is_coded
    assert load_generation(tmp_path, written).ntotal == 4
    assert files(tmp_path) == ["000001.faiss"]
    assert (tmp_path / "generations").stat().st_mode & 0o777 == 0o700


def test_a_generation_of_keywords_holds_all_chunks(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save(db, document("a", hashes(0, 3)), document("b", hashes(0, 2)))
    written = write_generation(db, tmp_path, model, KEYWORDS)
    assert (written.kind, written.file, written.count, written.highest_id) == (KEYWORDS, "000001.keywords", 5, 5)
    assert load_postings(tmp_path, written).ids.tolist() == [1, 2, 3, 4, 5]


def test_a_refused_generation_leaves_the_old_one(db: Database, tmp_path: Path, model: StoredModel) -> None:
    store_range(db, model, 0, 3)
    old = write_generation(db, tmp_path, model)
    store_range(db, model, 3, 5)
    seen: list[Generation | None] = []

    def refuse(new: Generation) -> None:
        seen.extend((new, active_generation(db)))
        assert generation_path(tmp_path, new.file).exists()
        raise Refused("not as good as the old one")

    def also_write() -> None:
        db.execute("INSERT INTO settings (key, value) VALUES ('also', 'written')")

    registration = Registration(also_write=also_write, check=refuse)
    with pytest.raises(Refused, match="not as good"):
        write_generation(db, tmp_path, model, registration=registration)
    assert seen[0] == seen[1] != old  # the check sees the library as it would be
    assert active_generation(db) == old
    assert files(tmp_path) == [old.file]
    assert db.execute("SELECT count(*) FROM settings WHERE key = 'also'").fetchone() == (0,)


def test_what_must_change_together_is_committed_together(db: Database, tmp_path: Path, model: StoredModel) -> None:
    def also_write() -> None:
        assert db.conn.in_transaction
        db.execute("INSERT INTO settings (key, value) VALUES ('also', 'written')")

    write_generation(db, tmp_path, model, registration=Registration(also_write=also_write))
    assert not db.conn.in_transaction
    assert db.execute("SELECT value FROM settings WHERE key = 'also'").fetchone() == ("written",)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
def test_after_another_error_the_old_generation_stays_active(
    db: Database, tmp_path: Path, model: StoredModel, error: type[BaseException]
) -> None:
    old = write_generation(db, tmp_path, model)

    def fail(_: Generation) -> None:
        raise error

    with pytest.raises(error):
        write_generation(db, tmp_path, model, registration=Registration(check=fail))
    assert active_generation(db) == old


def test_a_catalog_that_contradicts_itself_is_damage(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save(db, document("a", hashes(0, 3)))
    with writing(db, "test"):
        db.execute("DELETE FROM terms WHERE id = 2")
    with pytest.raises(Damaged, match=r"^The catalog is damaged \(2 passages instead of 3, or others\)"):
        write_generation(db, tmp_path, model, KEYWORDS)
    assert active_generation(db, KEYWORDS) is None


def centroids(folder: Path, generation: Generation) -> np.ndarray:
    index = open_approximate(generation_path(folder, generation.file), generation.method)
    return np.asarray(index.quantizer.reconstruct_n(0, index.nlist))


@pytest.mark.parametrize(("reuse", "same"), [(Reuse.NOTHING, False), (Reuse.TRAINING, True), (Reuse.CODES, True)])
def test_how_much_of_the_active_generation_is_reused(library: Library, reuse: Reuse, same: bool) -> None:
    made = library(IVF, 300)
    before = made.generation
    after = write_generation(made.db, made.folder, made.model, reuse=reuse)
    assert (after.count, after.method.name) == (COUNT, IVF)
    assert (after.method.steps == before.method.steps) == (reuse is Reuse.CODES)
    assert np.array_equal(centroids(made.folder, after), centroids(made.folder, before)) == same


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"damaged")])
def test_a_damaged_generation_is_not_reused(library: Library, harm: Callable[[Path], object]) -> None:
    made = library(IVF, 300)
    before = centroids(made.folder, made.generation)
    harm(generation_path(made.folder, made.generation.file))
    after = write_generation(made.db, made.folder, made.model, reuse=Reuse.CODES)
    assert after.count == COUNT
    assert not np.array_equal(centroids(made.folder, after), before)
