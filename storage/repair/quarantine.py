"""Quarantine for damaged files and rows: `damaged/<UTC time>/` in the library's folder. Nothing there is deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wherein.storage.disk.fsync import fsync

__all__ = ["QUARANTINE", "Quarantine"]

QUARANTINE = "damaged"
_ROWS = "rows.jsonl"


class Quarantine:
    """The folder of one repair, created with the first thing that is quarantined; then `used` is true."""

    def __init__(self, library: Path) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        self.folder = library / QUARANTINE / stamp
        self.used = False

    def copy(self, path: Path) -> None:
        """Copy a file that is about to be replaced, and flush the copy to disk."""
        target = self._folder() / path.name
        shutil.copy2(path, target)
        fsync(target)
        fsync(self.folder)

    def move(self, path: Path) -> None:
        """Move a file out of the library."""
        path.rename(self._folder() / path.name)
        fsync(self.folder)
        fsync(path.parent)

    def rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows that are about to be deleted to `rows.jsonl`, flushed to disk; bytes are hexadecimal."""
        if not rows:
            return
        path = self._folder() / _ROWS
        with path.open("a", encoding="ascii") as file:
            for row in rows:
                file.write(json.dumps({"table": table, **{name: _plain(value) for name, value in row.items()}}) + "\n")
        fsync(path)
        fsync(self.folder)

    def _folder(self) -> Path:
        if not self.used:
            self.folder.mkdir(mode=0o700, parents=True)
            fsync(self.folder.parent)
            fsync(self.folder.parent.parent)
            self.used = True
        return self.folder


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
