"""The sources of a library: what the user names to be followed, and what is followed no more."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import UsageError
from wherein.ingest.uri import file_uri, real_path, web_address
from wherein.library.opening import open_for_writing, require_library
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.fields import NO_FIELDS, Fields
from wherein.storage.catalog.sources import Source, forget_source, list_sources, remember_source

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.storage.catalog.protocol import Catalog

__all__ = ["SourceRequest", "remove_source"]


@dataclass(frozen=True)
class SourceRequest:
    """Sources that are to be ingested, with the settings that they are remembered with.

    `kinds` gives for each absolute path or pattern `path`, and for each address of a web page `web`. `max_size` is in
    bytes; `fields` names the fields of records.
    """

    kinds: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    max_size: int | None = None
    fields: Fields = NO_FIELDS

    @classmethod
    def of(
        cls, names: Sequence[str], exclude: Sequence[str] = (), max_size: int | None = None, fields: Fields = NO_FIELDS
    ) -> SourceRequest:
        """Return the request for sources as a user names them. Raises UsageError for a path that does not exist."""
        kinds = {web_address(name) or _source_path(name): "web" if web_address(name) else "path" for name in names}
        return cls(kinds, tuple(exclude), max_size, fields)

    @property
    def uris(self) -> frozenset[str]:
        """The URI of each source; also of the file that it is a link to."""
        paths = {form for name, kind in self.kinds.items() if kind == "path" for form in (name, real_path(name))}
        return frozenset(name for name, kind in self.kinds.items() if kind == "web") | set(map(file_uri, paths))

    def remember(self, db: Database) -> list[Source]:
        """Store the sources, so that `reindex` follows them, and return them as stored."""
        with writing(db, "ingest.sources"):
            for name, kind in self.kinds.items():
                remember_source(db, name, kind, self.exclude, self.max_size, self.fields)
        return [source for source in list_sources(db) if source.uri in self.kinds]

    def preview(self, db: Catalog) -> list[Source]:
        """Return the sources as `remember` would store them."""
        known = {source.uri: source.id for source in list_sources(db)}
        return [
            Source(known.get(name, 0), name, kind, self.exclude, self.max_size, "", self.fields)
            for name, kind in self.kinds.items()
        ]


def _source_path(name: str) -> str:
    """Return the absolute path or pattern of a source. Raises UsageError when there is no such file."""
    path = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
    # lexists: a link may lead to a file that does not exist yet. A pattern may match nothing yet.
    if not os.path.lexists(path) and not glob.has_magic(path):
        raise UsageError(f"There is no file or folder {name}")
    return path


def remove_source(folder: Path, name: str, *, wait: bool = False) -> Source:
    """Stop following the source with this path, address or number; its documents stay."""
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        wanted = {name, web_address(name), os.path.abspath(os.path.expanduser(name))}  # noqa: PTH100, PTH111 - odd bytes stay
        found = next((source for source in list_sources(db) if {source.uri, str(source.id)} & wanted), None)
        if found is None:
            raise UsageError(f"There is no source {name}; see: wherein sources list")
        with writing(db, "sources.remove"):
            forget_source(db, found.id)
    return found
