"""What verify reports, word for word; it changes nothing."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from small_library import FILE_B, INDEX, KEYWORD_INDEX, MEMO, damage
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.repair.deep_check import Proof
from wherein.storage.repair.findings import Finding
from wherein.storage.repair.quarantine import Quarantine
from wherein.storage.repair.salvage import STAGING
from wherein.storage.repair.verify import verify

REPAIR = "run: wherein repair"


def test_a_sound_library_has_no_findings_and_is_not_changed(library: Path) -> None:
    before = {path: path.read_bytes() for path in library.rglob("*") if path.is_file()}
    checked = {"documents": 3, "chunks": 4, "vectors": 4, "indexes": 2}
    quick, deep = verify(library), verify(library, deep=True)
    assert (quick.findings, deep.findings) == ((), ())
    assert quick.checked == checked
    assert deep.checked == {**checked, "indexed vectors": 3, "indexed passages": 3}
    assert {path: path.read_bytes() for path in before} == before


def test_a_missing_catalog(tmp_path: Path) -> None:
    assert verify(tmp_path).findings == (
        Finding("catalog", str(tmp_path / CATALOG), "it is missing", "restore a backup with: wherein restore"),
    )


def test_a_file_that_is_no_catalog(library: Path) -> None:
    (library / CATALOG).write_bytes(b"no catalog" * 4096)
    (finding,) = verify(library).findings
    assert (finding.part, finding.remedy, finding.harmless) == ("catalog", REPAIR, False)


def test_damaged_rows_are_named_by_document_table_and_id(library: Path) -> None:
    damage(
        library,
        "UPDATE documents SET title = 'x' WHERE id = 2",
        "DELETE FROM vectors WHERE id = 4",
        "UPDATE vectors SET checksum = 0 WHERE id = 1",
    )
    found = verify(library)
    assert found.damaged
    assert found.findings == (
        Finding("vectors", "vectors 1", "a vector does not fit its checksum", REPAIR),
        Finding("documents", f"{FILE_B} (documents 2)", "its record does not fit its checksum", REPAIR),
        Finding("documents", MEMO, "1 of its passages have no vector", "run: wherein reindex", harmless=True),
    )


def test_index_files_are_compared_with_what_is_registered(library: Path) -> None:
    generations = library / "generations"
    (generations / INDEX).unlink()
    (generations / "000009.faiss").touch()
    damage(library, "UPDATE generations SET active = 0 WHERE id = 2")
    assert verify(library).findings == (
        Finding("index", str(generations / INDEX), "No such file or directory", REPAIR),
        Finding("index", CATALOG, "none of the indexes is active", REPAIR),
        Finding("index", str(generations / "000009.faiss"), "left by a run that was interrupted, or being written now",
                "nothing to do: the next reindex removes it", harmless=True),
    )  # fmt: skip


def test_leftovers_and_a_log_are_harmless(library: Path, tmp_path: Path) -> None:
    Quarantine(library).rows("documents", [{"id": 1}])
    (library / STAGING).mkdir()
    with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as db:
        db.execute("INSERT INTO settings VALUES ('key', 'value')")
        copy = Path(shutil.copytree(library, tmp_path / "copy"))
    (quarantined,) = (copy / "damaged").iterdir()
    found = verify(copy)
    assert not found.damaged
    assert found.findings == (
        Finding("log", f"{CATALOG}-wal", "1 commit in it, which the next writer moves into the catalog",
                "nothing to do", harmless=True),
        Finding("aside", str(quarantined), "quarantined by an earlier repair", "delete it when you no longer need it",
                harmless=True),
        Finding("aside", str(copy / STAGING), "left by a repair that was interrupted", REPAIR, harmless=True),
    )  # fmt: skip


def test_commits_that_cannot_be_read_are_damage(library: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as db:
        for number in range(3):
            db.execute("INSERT INTO settings VALUES (?, 'value')", [f"key {number}"])
        copy = Path(shutil.copytree(library, tmp_path / "copy"))
    log = copy / f"{CATALOG}-wal"
    data = bytearray(log.read_bytes())
    data[32 + 24 + 1_000] ^= 1
    log.write_bytes(data)
    assert verify(copy).findings == (
        Finding("log", log.name, "the last 3 commits in it cannot be read; questions are answered from what was"
                " committed before", REPAIR),
    )  # fmt: skip


def test_a_long_list_is_cut(library: Path) -> None:
    damage(
        library,
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 112) INSERT INTO vectors (id,"
        " model_id, input_hash, vector, checksum) SELECT i, 1, CAST(i AS BLOB), x'00', 0 FROM n",
    )
    found = verify(library).findings
    vectors = [finding for finding in found if finding.part == "vectors"]
    assert len(vectors) == 101
    assert vectors[-1] == Finding("vectors", CATALOG, "3 more like these", REPAIR)


def test_the_proof_belongs_to_the_deep_check(library: Path) -> None:
    def far(texts: Sequence[str], _: Matrix) -> npt.NDArray[np.float64]:
        return np.ones(len(texts))

    assert verify(library, proof=Proof(far, 0.5)).findings == ()
    found = verify(library, deep=True, proof=Proof(far, 0.5))
    assert found.checked["proved vectors"] == 4
    assert set(found.findings) == {
        Finding("vectors", f"vectors {number}", "its distance from the model's vector for its text is 1",
                "ingest its document again, with the same model")
        for number in (1, 2, 3, 4)
    }  # fmt: skip


def test_the_deep_check_reads_both_indexes(library: Path) -> None:
    path = library / "generations" / INDEX
    data = path.read_bytes()
    path.write_bytes(data[:-24] + data[-16:-8] + data[-24:-16] + data[-8:])  # swaps the ids 1 and 2
    sha = "its SHA-256 is not the one that was registered"
    assert verify(library).findings == (Finding("index", str(path), sha, REPAIR),)
    assert verify(library, deep=True).findings == (
        Finding("index", str(path), sha, REPAIR),
        Finding("index", INDEX, "its ids are not in ascending order", REPAIR),
    )
    (library / "generations" / KEYWORD_INDEX).unlink()
    assert len(verify(library, deep=True).findings) == 4
