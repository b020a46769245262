"""The manifest of a backup."""

import re
from typing import Any

import pytest

from wherein.errors import Damaged, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.backup.manifest import Manifest, decode_manifest, encode_manifest
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.models import now
from wherein.storage.catalog.schema import NEWEST_SCHEMA
from wherein.storage.disk.file_entry import FileEntry


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../catalog.db", "generations/../x", "writer.lock", "generations/", ""]
)
def test_a_manifest_names_nothing_outside_a_library(name: str) -> None:
    entry = FileEntry(1, "0" * 64)
    manifest = Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry})
    assert decode_manifest(encode_manifest(manifest)) == manifest
    with pytest.raises(Damaged):
        decode_manifest(encode_manifest(Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry, name: entry})))


def manifest(**fields: Any) -> Manifest:
    """A manifest of a catalog alone, with other fields where some are given."""
    defaults = {"schema": 2, "version": "1", "created_at": "2026-01-01", "model": None}
    counts = {"documents": 3, "chunks": 4, "vectors": 5, "files": {CATALOG: FileEntry(7, "ab" * 32)}}
    return Manifest(**{**defaults, **counts, **fields})


def test_a_manifest_is_decoded_as_it_was_encoded() -> None:
    files = {CATALOG: FileEntry(0, "0" * 64), "generations/000001.faiss": FileEntry(2**40, "f" * 64)}
    for one in (manifest(), manifest(files=files, model="f" * 16, version="ä"), manifest(schema=NEWEST_SCHEMA)):
        assert decode_manifest(encode_manifest(one)) == one


def test_any_changed_byte_is_damage() -> None:
    raw = encode_manifest(manifest())
    for position in range(len(raw)):
        changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        with pytest.raises(Damaged, match=r"^its backup\.json is damaged$"):
            decode_manifest(changed)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"{}", b'{"sha256": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_damage(raw: bytes) -> None:
    with pytest.raises(Damaged, match=r"^its backup\.json is damaged$"):
        decode_manifest(raw)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"generations/000001.faiss": FileEntry(1, "0" * 64)},
        {CATALOG: FileEntry(-1, "0" * 64)},
        {CATALOG: FileEntry(1, "0" * 63)},
        {CATALOG: FileEntry(1, "G" * 64)},
    ],
)
def test_a_manifest_names_a_catalog_with_a_size_and_a_hash(files: dict[str, FileEntry]) -> None:
    with pytest.raises(Damaged):
        decode_manifest(encode_manifest(manifest(files=files)))


def test_a_newer_schema_is_refused_with_the_version_that_wrote_it() -> None:
    with pytest.raises(WhereinError, match=re.escape(f"made by a newer Wherein (7.0); {how_to_upgrade()}")):
        decode_manifest(encode_manifest(manifest(schema=NEWEST_SCHEMA + 1, version="7.0")))
