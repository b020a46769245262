"""The manifest of a backup."""

import pytest

from wherein.errors import Damaged
from wherein.storage.backup.manifest import FileEntry, Manifest, decode_manifest, encode_manifest
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.models import now


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../catalog.db", "generations/../x", "writer.lock", "generations/", ""]
)
def test_a_manifest_names_nothing_outside_a_library(name: str) -> None:
    entry = FileEntry(1, "0" * 64)
    manifest = Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry})
    assert decode_manifest(encode_manifest(manifest)) == manifest
    with pytest.raises(Damaged):
        decode_manifest(encode_manifest(Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry, name: entry})))
