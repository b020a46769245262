"""The manifest of a backup, `backup.json`: what it holds, with the hashes to verify it by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wherein.errors import Damaged, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.schema import NEWEST_SCHEMA
from wherein.storage.disk.file_entry import SHA256, FileEntry
from wherein.storage.disk.sealed_json import MALFORMED, seal, unseal

__all__ = ["MANIFEST", "Manifest", "decode_manifest", "encode_manifest"]

MANIFEST = "backup.json"

_FORMAT = 1
# A name can lead neither out of the folder that a backup is restored to, nor to a file that is not a library's.
_NAME = re.compile(r"catalog\.db|generations/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: the state committed at `created_at` (UTC) or soon after, in the schema of this number.

    `version` is the program's; `model` is the fingerprint of the model that the library is bound to. `files` are named
    by their paths in the library's folder.
    """

    schema: int
    version: str
    created_at: str
    model: str | None
    documents: int
    chunks: int
    vectors: int
    files: Mapping[str, FileEntry]


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that includes its own SHA-256."""
    return seal({"format": _FORMAT, **asdict(manifest)})


def decode_manifest(raw: bytes) -> Manifest:
    """Return the manifest. Raises Damaged when it is damaged, WhereinError when it needs a newer Wherein."""
    try:
        fields = unseal(raw)
        if fields.pop("format") > _FORMAT or fields["schema"] > NEWEST_SCHEMA:
            raise WhereinError(f"This backup was made by a newer Wherein ({fields['version']}); {how_to_upgrade()}")
        return _manifest(**fields)
    except MALFORMED as error:
        raise Damaged(f"its {MANIFEST} is damaged") from error


def _manifest(*, files: dict[str, dict[str, Any]], **fields: Any) -> Manifest:
    entries = {name: FileEntry(**entry) for name, entry in files.items()}
    valid = all(
        _NAME.fullmatch(name) and isinstance(entry.size, int) and entry.size >= 0 and SHA256.fullmatch(entry.sha256)
        for name, entry in entries.items()
    )
    if not valid or CATALOG not in entries:
        raise ValueError("files")
    return Manifest(files=entries, **fields)
