"""Nothing is lost on the way into quarantine, and an unused quarantine leaves no trace."""

import json
import re
from pathlib import Path

from wherein.storage.repair.quarantine import QUARANTINE, Quarantine


def test_nothing_is_created_before_something_is_quarantined(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.rows("documents", [])
    assert not quarantine.used
    assert list(tmp_path.iterdir()) == []


def test_its_folder_is_private_and_named_by_the_time_in_utc(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.rows("documents", [{"id": 1}])
    assert quarantine.used
    assert list((tmp_path / QUARANTINE).iterdir()) == [quarantine.folder]
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z", quarantine.folder.name)
    assert quarantine.folder.stat().st_mode & 0o777 == 0o700


def test_a_copied_file_stays_and_a_moved_one_does_not(tmp_path: Path) -> None:
    for name in ("catalog.db", "000001.faiss"):
        (tmp_path / name).write_bytes(name.encode())
    quarantine = Quarantine(tmp_path)
    quarantine.copy(tmp_path / "catalog.db")
    quarantine.move(tmp_path / "000001.faiss")
    assert {path.name: path.read_bytes() for path in quarantine.folder.iterdir()} == {
        "catalog.db": b"catalog.db", "000001.faiss": b"000001.faiss"
    }  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {"catalog.db", QUARANTINE}


def test_rows_are_appended_as_lines_of_json_with_bytes_in_hexadecimal(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    quarantine.rows("vectors", [{"id": 1, "vector": b"\x00\xff"}, {"id": 2, "vector": None}])
    quarantine.rows("documents", [{"id": 3, "uri": b"f\xe9".decode("utf-8", "surrogateescape")}])
    lines = (quarantine.folder / "rows.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"table": "vectors", "id": 1, "vector": "00ff"},
        {"table": "vectors", "id": 2, "vector": None},
        {"table": "documents", "id": 3, "uri": "f\udce9"},
    ]
