"""Which folder is watched for each source, and which changes in it concern the source."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH112, PTH116, PTH120

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wherein.ingest.sources.left_out import LEFT_OUT
from wherein.ingest.sources.names import name_of
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import is_at_or_below
from wherein.storage.catalog.file_sources import aliases_of_source, files_below
from wherein.storage.catalog.sources import Source, list_sources
from wherein.uri import file_path, file_uri

if TYPE_CHECKING:
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["Root", "relevant", "roots"]

_GITIGNORE = ".gitignore"


@dataclass(frozen=True)
class Root:
    """A source that is a file, a folder or a pattern: its number, the path `base` at which it is, or below which its
    pattern selects, and the `folder` to be watched, with all folders in it if it is `deep`.

    `identity` is the folder's, None while it is absent. With `is_link`, it is what a link in the source leads to.
    """

    source: int
    base: str
    folder: str
    deep: bool
    is_pattern: bool
    identity: tuple[int, int] | None
    is_link: bool = False

    def concerns(self, path: str) -> bool:
        """Whether a path is part of the source, and no file or folder that is left out of every walk."""
        if not is_at_or_below(path, self.base):
            return False
        names = path[len(self.base) :].split(os.sep)  # noqa: PTH206 - odd bytes stay
        return self.is_pattern or not any(name.startswith(".") or name in LEFT_OUT for name in names)


def roots(db: Catalog) -> Iterator[Root]:
    """Yield the roots of all sources but web pages and texts from standard input, and of what links in them lead to."""
    found = {source.id: _root(db, source) for source in list_sources(db) if source.kind == "path"}
    yield from found.values()
    bases = [root.base for root in found.values() if root.deep]
    for number in found:
        for path in sorted(set(filter(None, map(file_path, aliases_of_source(db, number).values())))):
            if not any(is_at_or_below(path, base) for base in bases):
                yield _root_of_link(number, path)


def _root(db: Catalog, source: Source) -> Root:
    name = name_of(source)
    is_file = not name.pattern and _is_file(db, source.id, name.path)
    folder = os.path.dirname(name.path) if is_file else name.path
    is_deep = not is_file and (not name.pattern or os.sep in name.pattern or "**" in name.pattern)
    return Root(source.id, name.path, folder, is_deep, bool(name.pattern), _identity(folder))


def _root_of_link(source: int, path: str) -> Root:
    is_deep = os.path.isdir(path)
    folder = path if is_deep else os.path.dirname(path)
    return Root(source, path, folder, is_deep, False, _identity(folder), is_link=True)


def _is_file(db: Catalog, source_id: int, path: str) -> bool:
    if os.path.lexists(path):
        return not os.path.isdir(path)
    # Nor is one with nothing known below it a folder: a file that is gone has lost its documents, and its record.
    uri = file_uri(path)
    return files_below(db, source_id, [uri]).keys() <= {uri}


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def relevant(paths: Iterable[str], roots: Iterable[Root], own: OwnFiles) -> set[str]:
    """Return the paths that a change of `paths` may concern: without those that no source covers.

    An ignore file stands for its folder.
    """
    followed = list(roots)
    subjects = {_subject(path) for path in paths}
    concerned = (path for path in subjects if any(root.concerns(path) for root in followed))
    # What is written to the library must not be a reason to write to it.
    return {path for path in concerned if not (own.is_in_library(path) or own.covers(path))}


def _subject(path: str) -> str:
    folder, name = os.path.split(path)
    return folder if name == _GITIGNORE else path
