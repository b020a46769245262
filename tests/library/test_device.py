"""The device of a library is chosen once, and vectors of two devices that differ never mix."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.embed.encoder import Matrix
from wherein.errors import ModelMismatch, UsageError
from wherein.library import Library
from wherein.library.models import ModelChoice, library_model
from wherein.storage.catalog.connection import open_reader, open_writer, writing
from wherein.storage.catalog.models import remember_device


class OtherDevice(ToyEncoder):
    """The toy encoder on a GPU, whose vectors differ by `noise`."""

    def __init__(self, noise: float) -> None:
        super().__init__()
        self.device = "GPU"
        self._noise = noise

    def _matrix(self, rows: object, form: object) -> Matrix:
        return super()._matrix(rows, form) + np.float32(self._noise)  # type: ignore[arg-type]


def library(tmp_path: Path, encoder: ToyEncoder) -> Library:
    return Library(tmp_path / "library", encoder=encoder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.txt").write_text("The tenant may sign the lease.")
    return folder


def test_the_device_is_reported(tmp_path: Path, docs: Path) -> None:
    library(tmp_path, OtherDevice(0)).ingest([str(docs)])
    assert library(tmp_path, ToyEncoder()).status().device == "GPU"
    library(tmp_path, ToyEncoder()).ingest([str(docs)])  # of the same vectors, so that it may be used
    assert library(tmp_path, ToyEncoder()).status().device == "GPU"


def test_the_device_of_a_library_before_devices_is_the_cpu(tmp_path: Path, docs: Path) -> None:
    library(tmp_path, ToyEncoder()).ingest([str(docs)])
    with closing(open_writer(tmp_path / "library")) as db:
        with writing(db, "test"):
            db.execute("DELETE FROM settings WHERE key LIKE 'device%'")
        found = library_model(db)
        assert found is not None
        assert found.device == "CPU"
        with writing(db, "test"):
            remember_device(db, found.stored, "GPU")  # too late: there are vectors
        assert library_model(db) == found


@pytest.mark.parametrize(("noise", "differs"), [(0.0, False), (1e-6, False), (1e-3, True)])
def test_another_device_is_used_if_its_vectors_are_the_same(
    tmp_path: Path, docs: Path, noise: float, differs: bool
) -> None:
    library(tmp_path, ToyEncoder()).ingest([str(docs)])
    other = library(tmp_path, OtherDevice(noise))
    if not differs:
        assert other.query("lease").hits[0].title == "lease.txt"
        other.ingest([str(docs)])
        return
    for work in (lambda: other.query("lease"), lambda: other.query_many(["lease"]), lambda: other.ingest([str(docs)])):
        with pytest.raises(ModelMismatch) as raised:
            list(work())  # type: ignore[call-overload]
        assert str(raised.value) == (
            "The vectors of this library were computed on CPU, and those of GPU differ too much from them; use it with"
            " --device CPU, or ingest into a new library"
        )


def test_a_device_that_is_not_here(tmp_path: Path, docs: Path) -> None:
    with pytest.raises(UsageError, match=r"^There is no device quantum; write CPU, GPU, "):
        Library(tmp_path / "library", device="quantum")
    with pytest.raises(UsageError, match=r"^There is no device NPU here; there is CPU"):
        Library(tmp_path / "library", device="npu").ingest([str(docs)])
    assert not (tmp_path / "library" / "catalog.db").exists() or not Library(tmp_path / "library").status().documents


def test_a_library_whose_device_is_not_here_runs_on_the_cpu(tmp_path: Path, docs: Path) -> None:
    library(tmp_path, OtherDevice(0)).ingest([str(docs)])
    with closing(open_reader(tmp_path / "library")) as db:
        stored = library_model(db)
    assert stored is not None
    assert ModelChoice()._device("NPU") == "CPU"
    assert ModelChoice(device="AUTO:CPU")._device(stored.device) == "CPU"
