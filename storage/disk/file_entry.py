"""What a manifest says about a file."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SHA256", "FileEntry", "file_entry"]

SHA256 = re.compile(r"[0-9a-f]{64}")
"""A SHA-256 as manifests write it."""


@dataclass(frozen=True)
class FileEntry:
    """The size of a file in bytes, and its SHA-256 (hex)."""

    size: int
    sha256: str


def file_entry(path: Path) -> FileEntry:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest)
