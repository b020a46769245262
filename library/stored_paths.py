"""Paths that an older version stored as they were named: brought into the one stored form, ids stay."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wherein.ingest.sources.names import SourceName, name_of, source_name
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.file_sources import aliases_of_source, files_of_source, follow_file, save_aliases
from wherein.storage.catalog.files import delete_file, file_by_id, find_file, move_file
from wherein.storage.catalog.sources import Source, forget_source, list_sources, rename_source, save_exclusions
from wherein.uri import file_path, file_uri, real_path

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["resolve_paths"]


def resolve_paths(db: Database) -> None:
    """Store each source and its files by their real paths; a source that is not there now is left for later.

    Two sources that are the same become the older one, with the exclusions of both; of two records of a file the one
    under its real path stays.
    """
    for source in list_sources(db):
        name = _resolved(source) if source.kind == "path" and source.pattern is None else None
        if name and os.path.lexists(name.path):
            with writing(db, "ingest.sources"):
                _resolve(db, source, name)


def _resolved(source: Source) -> SourceName:
    stored = name_of(source)
    return source_name(source.uri) if stored.pattern else source_name_of_path(source.uri)


def source_name_of_path(path: str) -> SourceName:
    """Return the name of a file or folder."""
    real = real_path(path)
    return SourceName(real, also=path if path != real else "")


def _resolve(db: Database, source: Source, name: SourceName) -> None:
    files = files_of_source(db, source.id)
    twin = next((other for other in list_sources(db) if other.uri == name.stored and other.id != source.id), None)
    kept = twin or source
    if twin:
        save_exclusions(db, twin.id, tuple(dict.fromkeys((*twin.exclude, *source.exclude))))
        for uri in files:
            follow_file(db, uri, twin.id)
        forget_source(db, source.id)
    else:
        rename_source(db, source.id, name.stored, pattern=bool(name.pattern))
    if name.also:
        save_aliases(db, kept.id, aliases_of_source(db, kept.id) | {file_uri(name.also): file_uri(name.path)})
    for uri, file_id in files.items():
        _move(db, kept.id, uri, file_id)


def _move(db: Database, source_id: int, uri: str, file_id: int) -> None:
    path, record = file_path(uri), file_by_id(db, file_id)
    real = real_path(path) if path is not None else None
    if record is None or real is None or real == path:
        return
    if find_file(db, file_uri(real)) is None:
        move_file(db, record, file_uri(real))
    else:
        follow_file(db, file_uri(real), source_id)
        delete_file(db, file_id)
