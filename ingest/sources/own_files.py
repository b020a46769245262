"""The files of Wherein itself, which never become documents: libraries, backups and caches."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH123

from __future__ import annotations

import os
from collections.abc import Iterable

import zstandard

from wherein.errors import Damaged, WhereinError
from wherein.storage.backup.manifest import MANIFEST, decode_manifest
from wherein.storage.catalog.connection import CATALOG

__all__ = ["OwnFiles", "is_backup_file", "marks_in"]

# Any two of these names mark a library, or a backup in a folder; one of them may be anybody's.
_MARKS = frozenset((CATALOG, "writer.lock", "generations", MANIFEST))
_PARTS = _MARKS | {f"{CATALOG}-wal", f"{CATALOG}-shm", "damaged", "salvage", "watch.lock", "watch.json"}
_ZSTD = b"\x28\xb5\x2f\xfd"
_TAR_BLOCK = 512
_MANIFEST_BYTES = 1 << 20


class OwnFiles:
    """Recognizes the files of Wherein: those of the library in use and its `caches`, other libraries, and backups.

    `found` are the paths of those that were left out.
    """

    def __init__(self, library: str = "", caches: Iterable[str] = ()) -> None:
        self.found: set[str] = set()
        self._library = os.path.realpath(library) if library else ""
        self._caches = tuple(map(os.path.realpath, caches))
        self._libraries: dict[str, bool] = {}

    def is_own_folder(self, real: str, names: Iterable[str]) -> bool:
        """Whether a folder, with entries of these names, is one of them."""
        is_own = real == self._library or real in self._caches or _is_library(names)
        return self._noted(real, is_own)

    def covers(self, real: str) -> bool:
        """Whether a real path is such a folder, or belongs to one. A user's own folder below a library does not."""
        return self._noted(real, any(_is_below(real, cache) for cache in self._caches) or self._is_part(real))

    def is_in_library(self, real: str) -> bool:
        """Whether a real path is in the folder of the library in use, which no walk enters."""
        return bool(self._library) and _is_below(real, self._library)

    def is_own_file(self, real: str) -> bool:
        """Whether a file is a backup."""
        return self._noted(real, is_backup_file(real))

    def _noted(self, path: str, is_own: bool) -> bool:
        if is_own:
            self.found.add(path)
        return is_own

    def _is_part(self, real: str) -> bool:
        folder, inner = real, ""
        while True:
            if (not inner or inner in _PARTS) and self._is_library_folder(folder):
                return True
            parent, inner = os.path.split(folder)
            if parent == folder:
                return False
            folder = parent

    def _is_library_folder(self, folder: str) -> bool:
        if folder not in self._libraries:
            self._libraries[folder] = folder == self._library or _is_library(_names_in(folder))
        return self._libraries[folder]


def _is_library(names: Iterable[str]) -> bool:
    return len(_MARKS.intersection(names)) > 1


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except (OSError, ValueError):
        return []


def marks_in(folder: str) -> set[str]:
    """Return the names in a folder by which `OwnFiles.is_own_folder` recognizes it, without listing the folder."""
    return {mark for mark in _MARKS if os.path.lexists(f"{folder}/{mark}")}


def is_backup_file(path: str) -> bool:
    """Whether a file is a backup: compressed by zstd, and a tar archive that begins with a backup's manifest."""
    try:
        with open(path, "rb") as file:
            if file.read(len(_ZSTD)) != _ZSTD:
                return False
            file.seek(0)
            with zstandard.ZstdDecompressor().stream_reader(file) as stream:
                return _begins_with_manifest(stream)
    except (OSError, ValueError, zstandard.ZstdError):
        return False


def _begins_with_manifest(stream: zstandard.ZstdDecompressionReader) -> bool:
    header = stream.read(_TAR_BLOCK)
    if header[:100].rstrip(b"\0") != MANIFEST.encode():
        return False
    try:
        decode_manifest(stream.read(min(int(header[124:135], 8), _MANIFEST_BYTES)))
    except Damaged:
        return False
    except WhereinError:  # it was made by a newer version
        return True
    return True
