"""Damage that `verify` finds outside the library's own files, and a repair's view of the source files."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lots import other_encoder
from toy import ToyEncoder
from wherein.embed.encoder import Matrix
from wherein.errors import LibraryBusy, WhereinError
from wherein.library.ingesting import RunFactory
from wherein.library.maintenance import check_compiled, repair_library, verify_library
from wherein.library.models import ModelChoice
from wherein.library.opening import open_for_writing
from wherein.library.readers import CatalogReader
from wherein.storage.disk.lock import writer_lock
from wherein.storage.repair.findings import Finding
from wherein.uri import file_uri

Verify = Callable[..., list[Finding]]


@pytest.fixture
def verify(runs: RunFactory) -> Iterator[Verify]:
    """Return the findings with an encoder, by default the library's own."""
    with closing(CatalogReader(runs.folder)) as reader:

        def run(encoder: Any = None, *, deep: bool = False) -> list[Finding]:
            choice = replace(runs.models, encoder=encoder or ToyEncoder())
            return list(verify_library(reader, runs.folder, choice, deep=deep).findings)

        yield run


def test_a_sound_library_has_no_findings(verify: Verify) -> None:
    assert verify() == verify(deep=True) == []


def test_another_model_than_the_librarys_is_a_finding(verify: Verify) -> None:
    (finding,) = verify(other_encoder())
    assert finding == Finding(
        "model",
        "toy",
        f"it is not the model that the library was made with (toy {ToyEncoder().fingerprint})",
        "install that model, or switch models with: wherein reindex --model other",
    )
    assert verify(other_encoder(), deep=True) == [finding]  # its vectors are not compared


class ChangedEncoder(ToyEncoder):
    """The same model by its fingerprint, with other vectors."""

    def encode_contexts(self, texts: Any) -> Matrix:
        return np.roll(super().encode_contexts(texts), 1, axis=1)


def test_vectors_that_the_model_would_not_compute_are_found_only_by_a_deep_check(verify: Verify) -> None:
    assert verify(ChangedEncoder()) == []
    findings = verify(ChangedEncoder(), deep=True)
    assert findings
    assert {finding.harmless for finding in findings} == {False}


def test_a_file_that_changed_behind_its_size_and_times_is_found_only_by_a_deep_check(
    verify: Verify, runs: RunFactory, docs: Path
) -> None:
    path = docs / "3.txt"
    path.write_text(path.read_text().replace("21", "99"))
    status = path.stat()
    # A clock that was set back, or a tool that restores times, leaves a record like this one.
    recorded = [status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_ctime_ns + 10**10]
    with open_for_writing(runs.folder, wait=False) as db:
        db.execute(
            "UPDATE files SET mtime_ns = ?, ctime_ns = ?, inode = ?, checked_ns = ? WHERE uri = ?",
            [*recorded, file_uri(str(path))],
        )
    assert verify() == []
    assert verify(deep=True) == [
        Finding(
            "source",
            file_uri(str(path)),
            "its content has changed, but its size and times have not",
            "check it, touch it, and run: wherein reindex",
        )
    ]
    os.utime(path)
    assert verify(deep=True) == []  # the next run reads it again


def test_a_damaged_compiled_graph_is_a_harmless_finding(tmp_path: Path) -> None:
    assert list(check_compiled(None)) == list(check_compiled(tmp_path / "nowhere")) == []
    damaged = tmp_path / "graph-0123.blob"
    damaged.write_bytes(b"not what the name says")
    assert list(check_compiled(tmp_path)) == [
        Finding("compiled model", str(damaged), "it is damaged", "nothing to do: it is compiled again", harmless=True)
    ]


def test_a_missing_library_can_be_neither_verified_nor_repaired(tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match="There is no library"):
        verify_library(CatalogReader(tmp_path / "nowhere"), tmp_path / "nowhere", ModelChoice())
    with pytest.raises(WhereinError, match="There is no library"):
        repair_library(tmp_path / "nowhere")


def test_a_sound_library_needs_no_repair_and_no_other_writer_may_be_at_work(runs: RunFactory) -> None:
    with writer_lock(runs.folder), pytest.raises(LibraryBusy):
        repair_library(runs.folder)
    repaired = repair_library(runs.folder)
    assert (repaired.mended, repaired.lost, repaired.aside, repaired.left) == ((), (), "", ())


def test_a_repair_rebuilds_a_lost_index(runs: RunFactory, verify: Verify) -> None:
    index = runs.folder / "generations" / "000001.faiss"
    index.unlink()
    assert [finding.part for finding in verify()] == ["index"]
    repaired = repair_library(runs.folder)
    assert (len(repaired.mended), repaired.lost) == (1, ())
    assert verify() == []
