"""The manifest says what an export holds, and notices that it was changed."""

import json
import re
from dataclasses import replace

import pytest

from wherein.errors import Damaged, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.export.manifest import ExportedTable, Manifest, decode_manifest, encode_manifest
from wherein.storage.store.store import Model

TABLE = ExportedTable(3, 100, "0" * 64)
MANIFEST = Manifest(
    "1.2", "2026-01-01T00:00:00.000+00:00", "/library", Model("f" * 16, "toy", "1", "w8a32", 16),
    {"documents": TABLE, "passages": TABLE, "records": TABLE},
)  # fmt: skip


def test_a_manifest_is_decoded_as_it_was_encoded() -> None:
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    ("old", "new"), [(b'"rows": 3', b'"rows": 4'), (b'"toy"', b'"tby"'), (b'"format": 1', b'"format": 0')]
)
def test_a_changed_byte_is_noticed(old: bytes, new: bytes) -> None:
    with pytest.raises(Damaged, match=r"its export\.json is damaged"):
        decode_manifest(encode_manifest(MANIFEST).replace(old, new, 1))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"null", b'{"sha256": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(Damaged):
        decode_manifest(raw)


def test_a_table_that_is_missing_is_noticed() -> None:
    with pytest.raises(Damaged):
        decode_manifest(encode_manifest(replace(MANIFEST, tables={"documents": TABLE, "passages": TABLE})))


def test_the_manifest_of_a_newer_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.storage.export.manifest._FORMAT", 2)
    raw = encode_manifest(MANIFEST)
    monkeypatch.undo()
    with pytest.raises(WhereinError, match=re.escape(f"newer Wherein (1.2); {how_to_upgrade()}")):
        decode_manifest(raw)


def test_the_identity_is_that_of_the_content() -> None:
    assert replace(MANIFEST, created_at="", library="milvus://host/x", version="2").identity == MANIFEST.identity
    other = {**MANIFEST.tables, "records": replace(TABLE, sha256="1" * 64)}
    assert replace(MANIFEST, tables=other).identity != MANIFEST.identity
    assert json.loads(encode_manifest(MANIFEST))["model"]["width"] == 16
