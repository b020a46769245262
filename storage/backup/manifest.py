"""The manifest of a backup, `backup.json`: what it holds, with the hashes to verify it by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wherein.errors import Damaged, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.schema import NEWEST_SCHEMA

__all__ = ["MANIFEST", "FileEntry", "Manifest", "decode_manifest", "encode_manifest", "file_entry"]

MANIFEST = "backup.json"

_FORMAT = 1
# A name can lead neither out of the folder that a backup is restored to, nor to a file that is not a library's.
_NAME = re.compile(r"catalog\.db|generations/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """A file of a backup; size in bytes."""

    size: int
    sha256: str


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
    fields = {"format": _FORMAT, **asdict(manifest)}
    return json.dumps({**fields, "sha256": _digest(fields)}, indent=1).encode() + b"\n"


def decode_manifest(raw: bytes) -> Manifest:
    """Return the manifest. Raises Damaged when it is damaged, WhereinError when it needs a newer Wherein."""
    try:
        fields = json.loads(raw)
        written = fields.pop("sha256")
        if written != _digest(fields):
            raise ValueError("another SHA-256")
        if fields.pop("format") > _FORMAT or fields["schema"] > NEWEST_SCHEMA:
            raise WhereinError(f"This backup was made by a newer Wherein ({fields['version']}); {how_to_upgrade()}")
        return _manifest(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged(f"its {MANIFEST} is damaged") from error


def file_entry(path: Path) -> FileEntry:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest)


def _manifest(*, files: dict[str, dict[str, Any]], **fields: Any) -> Manifest:
    entries = {name: FileEntry(**entry) for name, entry in files.items()}
    valid = all(
        _NAME.fullmatch(name) and isinstance(entry.size, int) and entry.size >= 0 and _SHA256.fullmatch(entry.sha256)
        for name, entry in entries.items()
    )
    if not valid or CATALOG not in entries:
        raise ValueError("files")
    return Manifest(files=entries, **fields)


def _digest(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
