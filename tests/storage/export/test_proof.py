"""A store that does not hold what the export does is noticed."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exports import every_kind
from wherein.errors import Refused
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.export.export import write_export
from wherein.storage.export.package import Package, open_package
from wherein.storage.export.proof import prove
from wherein.storage.store.local.store import LocalStore


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    every_kind(folder / "library", folder / "docs")
    with closing(LocalStore(folder / "library")) as store:
        write_export(store, folder / "export", "1.0")
    return folder


@pytest.fixture
def package(scene: Path) -> Package:
    return open_package(scene / "export")


@pytest.fixture
def store(scene: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """A copy of the library that may be changed."""
    import shutil

    shutil.copytree(scene / "library", tmp_path / "library")
    with closing(LocalStore(tmp_path / "library")) as store:
        yield store


def test_the_same_library_holds_all_of_it(package: Package, store: LocalStore) -> None:
    assert prove(package, store) == 1.0


def lose_a_document(store: LocalStore) -> None:
    store.delete([next(iter(store.documents())).uri])


def rename_a_document(store: LocalStore) -> None:
    (document, *_) = store.read([entry.uri for entry in store.documents()])
    store.upsert([_changed(document, title="Another title")])


def change_a_vector(store: LocalStore) -> None:
    (document, *_) = store.read([entry.uri for entry in store.documents()])
    # Stored vectors stay: the changed one needs another name.
    folder = Path(store.address)
    store.close()
    with closing(open_writer(folder)) as db, writing(db, "test"):
        db.execute("DELETE FROM vectors WHERE input_hash = ?", [document.chunks[0].input_hash])
    store.upsert([_changed(document, vectors=np.roll(document.vectors, 1, axis=1))])


def _changed(document: object, **fields: object) -> object:
    from dataclasses import replace

    return replace(document, **fields)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lose_a_document, "holds 8 documents"),
        (rename_a_document, "as it was exported"),
        (change_a_vector, "holds other vectors"),
    ],
)
def test_a_difference_is_noticed(
    package: Package, store: LocalStore, change: Callable[[LocalStore], None], reason: str
) -> None:
    change(store)
    with pytest.raises(Refused, match=f"{reason}.*; nothing was published"):
        prove(package, store)


@pytest.mark.parametrize("found", [0, 5, 9])
def test_a_store_that_finds_too_little_is_noticed(
    package: Package, store: LocalStore, monkeypatch: pytest.MonkeyPatch, found: int
) -> None:
    search = LocalStore.search
    monkeypatch.setattr(LocalStore, "search", lambda own, vector, k: search(own, vector, k)[:found])
    with pytest.raises(Refused, match=rf"finds only {found * 10}\.0% of the nearest passages, 95% are required"):
        prove(package, store)
