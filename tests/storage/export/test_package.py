"""An export is read as it was written, from any document on, and refused when it is not."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exports import every_kind
from wherein.errors import Damaged, UsageError
from wherein.storage.export import package as package_module
from wherein.storage.export.export import write_export
from wherein.storage.export.package import open_package
from wherein.storage.store.document import EmbeddedDocument
from wherein.storage.store.local.store import LocalStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    every_kind(tmp_path / "library", tmp_path / "docs")
    with closing(LocalStore(tmp_path / "library")) as store:
        write_export(store, tmp_path / "export", "1.0")
    return tmp_path / "export"


def described(document: EmbeddedDocument) -> list[object]:
    return [document.uri, document.text, list(document.chunks), document.metadata, document.vectors.tolist()]


@pytest.mark.parametrize("rows", [1, 3, 2_000])
def test_documents_are_read_as_the_store_holds_them(folder: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(package_module, "_ROWS", rows)
    read = [described(document) for document in open_package(folder).documents()]
    with closing(LocalStore(folder.with_name("library"))) as store:
        stored = store.read([entry.uri for entry in store.documents()])
        assert read == [described(document) for document in stored]


@pytest.mark.parametrize("skipped", [0, 1, 4, 8, 9, 100])
def test_reading_may_begin_at_any_document(folder: Path, skipped: int) -> None:
    package = open_package(folder)
    every = [described(document) for document in package.documents()]
    assert [described(document) for document in package.documents(skipped)] == every[skipped:]


def test_vectors_are_those_of_all_passages(folder: Path) -> None:
    package = open_package(folder)
    vectors = np.concatenate(list(package.vectors()))
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [row for document in package.documents() for row in document.vectors.tolist()]


@pytest.mark.parametrize("name", ["documents", "passages", "records"])
def test_a_changed_byte_is_noticed(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(Damaged, match=rf"{name}\.parquet is not what was written"):
        open_package(folder)


@pytest.mark.parametrize("name", ["documents", "passages", "records"])
def test_a_file_that_is_missing_is_noticed(folder: Path, name: str) -> None:
    (folder / f"{name}.parquet").unlink()
    with pytest.raises(Damaged, match=rf"{name}\.parquet is missing"):
        open_package(folder)


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(UsageError, match="is not an export"):
            open_package(path)
