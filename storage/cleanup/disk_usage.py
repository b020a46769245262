"""The disk space that each part of a library takes."""

from pathlib import Path

from wherein.storage.catalog.connection import CATALOG

__all__ = ["disk_use"]

_PARTS = {CATALOG: "catalogue", f"{CATALOG}-wal": "log", f"{CATALOG}-shm": "log"}


def disk_use(folder: Path) -> dict[str, int]:
    """Return the bytes of a library's files by part: catalogue, log, index, keywords, aside (quarantine) and other."""
    sizes = dict.fromkeys(("catalogue", "log", "index", "keywords", "aside", "other"), 0)
    for path in folder.rglob("*"):
        if path.is_file():
            sizes[_part(path.relative_to(folder))] += path.stat().st_size
    return sizes


def _part(path: Path) -> str:
    if path.suffix == ".faiss" and path.parts[0] == "generations":
        return "index"
    if path.suffix == ".keywords" and path.parts[0] == "generations":
        return "keywords"
    if len(path.parts) > 1 and path.parts[0] != "generations":
        return "aside"
    return _PARTS.get(path.name, "other")
