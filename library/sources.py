"""The sources of a library: what the user names to be followed, and what is no longer followed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import UsageError
from wherein.ingest.sources.exclusions import rebased, rules_of, stored_lines
from wherein.ingest.sources.names import SourceName, source_name
from wherein.ingest.sources.own_files import OwnFiles
from wherein.library.opening import open_for_writing, require_library
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import delete_document, documents_of_stream
from wherein.storage.catalog.file_sources import (
    aliases_of_source,
    files_of_source,
    save_aliases,
    sources_of_file,
    unfollowed_files,
)
from wherein.storage.catalog.files import FileRecord, delete_file, file_by_id
from wherein.storage.catalog.reading import AS_USUAL, Reading
from wherein.storage.catalog.sources import Source, forget_source, list_sources, remember_source, save_exclusions
from wherein.uri import display, file_uri, web_address

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.storage.catalog.protocol import Catalog

__all__ = ["RemovedSource", "SourceRequest", "find_source", "remove_source"]


@dataclass(frozen=True)
class SourceRequest:
    """Sources that are to be ingested, with the settings that they are remembered with.

    `kinds` gives for each stored name of a path or pattern `path`, and for each address of a web page `web`; `names`
    are the paths and patterns; several may be one source. `exclude` are patterns as the user wrote them; they
    are added to those that a source has, or replace them with `replace_exclusions`. `max_size` is in bytes; `reading`
    is how the files are to be read; `confined` makes sources that are new stay within themselves.
    """

    kinds: Mapping[str, str]
    exclude: tuple[str, ...] = ()
    max_size: int | None = None
    reading: Reading = AS_USUAL
    replace_exclusions: bool = False
    names: tuple[SourceName, ...] = ()
    confined: bool = False

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        exclude: Sequence[str] = (),
        max_size: int | None = None,
        reading: Reading = AS_USUAL,
        *,
        replace_exclusions: bool = False,
        confined: bool = False,
    ) -> SourceRequest:
        """Return the request for sources as a user names them.

        Raises UsageError for a path that does not exist, an empty name and an empty pattern.
        """
        paths = tuple(_source_path(name) for name in names if not _is_web(name))
        kinds = {path.stored: "path" for path in paths} | {
            web_address(name) or "": "web" for name in names if _is_web(name)
        }
        for pattern in exclude:
            stored_lines(pattern, os.sep)  # one that is invalid is an error before anything is done
        return cls(kinds, tuple(exclude), max_size, reading, replace_exclusions, paths, confined)

    @property
    def uris(self) -> frozenset[str]:
        """The URI of each source."""
        return frozenset(name if kind == "web" else file_uri(name) for name, kind in self.kinds.items())

    @property
    def watched(self) -> frozenset[str]:
        """The stored lines that the patterns of `exclude` stand for."""
        return frozenset(line for pattern in self.exclude for line in self.lines(pattern))

    def require_no_own(self, own: OwnFiles) -> None:
        """Raise UsageError when a library, a backup or a cache is named."""
        for path in self.names:
            if own.covers(path.path) or (os.path.isfile(path.path) and own.is_own_file(path.path)):  # noqa: PTH113 - odd bytes
                raise UsageError(f"{display(path.path)} belongs to a Wherein library; name what you want to search")

    def lines(self, pattern: str) -> frozenset[str]:
        """Return the stored lines that a pattern of `exclude` stands for, in any of the sources."""
        return frozenset(line for name in self.names for line in stored_lines(pattern, name.path))

    def remember(self, db: Database) -> list[Source]:
        """Store the sources, so that `reindex` follows them, and return them as stored."""
        with writing(db, "ingest.sources"):
            for source in self.preview(db):
                number = remember_source(
                    db, source.uri, source.kind, source.exclude, source.max_size, source.reading,
                    pattern=bool(source.pattern), confined=source.confined,
                )  # fmt: skip
                self._remember_aliases(db, number, source.uri)
        return [source for source in list_sources(db) if source.uri in self.kinds]

    def preview(self, db: Catalog) -> list[Source]:
        """Return the sources as `remember` would store them."""
        known = {source.uri: source for source in list_sources(db)}
        return [self._merged(name, kind, known.get(name)) for name, kind in self.kinds.items()]

    def _merged(self, name: str, kind: str, known: Source | None) -> Source:
        path = next((path for path in self.names if path.stored == name), None)
        lines = [line for pattern in self.exclude for line in stored_lines(pattern, path.path)] if path else []
        kept = known.exclude if known and not self.replace_exclusions else ()
        exclude = tuple(dict.fromkeys((*kept, *lines)))
        is_pattern = bool(path and path.pattern)
        number = known.id if known else 0
        # Who asks from outside cannot confine, nor free, what the owner named.
        confined = self.confined and (known is None or known.confined)
        return Source(
            number, name, kind, exclude, self.max_size, "", pattern=is_pattern, confined=confined, **vars(self.reading)
        )

    def _remember_aliases(self, db: Database, number: int, stored: str) -> None:
        also = {file_uri(name.also): file_uri(name.path) for name in self.names if name.also and name.stored == stored}
        if also:
            save_aliases(db, number, aliases_of_source(db, number) | also)


def _is_web(name: str) -> bool:
    return web_address(name) is not None


def _source_path(name: str) -> SourceName:
    """Return the stored name of a path or pattern. Raises UsageError when there is no such file."""
    if not name.strip():
        raise UsageError("The name of a source is empty; name a file or folder, or . for the current folder")
    path = source_name(name)
    # A pattern may match nothing yet.
    if not path.pattern and not os.path.lexists(path.path):
        raise UsageError(f"There is no file or folder {name}")
    return path


def find_source(db: Catalog, name: str) -> Source | None:
    """Return the source with this path, pattern, address or number."""
    wanted = {name, web_address(name), source_name(name).stored}
    return next((source for source in list_sources(db) if {source.uri, str(source.id)} & wanted), None)


@dataclass(frozen=True)
class RemovedSource:
    """A source that is no longer followed (None: only documents were left of it), and how many of its documents are
    `shared` with other sources, are `removed`, or are `kept`, unfollowed.

    `heirs` are the sources that took over its exclusions.
    """

    source: Source | None
    name: str
    shared: int = 0
    removed: int = 0
    kept: int = 0
    heirs: tuple[str, ...] = ()


def remove_source(folder: Path, name: str, *, remove: bool = False, wait: bool = False) -> RemovedSource:
    """Stop following the source with this path, address or number.

    What another source covers stays with that. With `remove` the other documents are removed, else they are kept,
    unfollowed, until the same is called with `remove`. Exclusions go on to the sources around it. Raises UsageError
    when there is no such source.
    """
    if not name.strip():
        raise UsageError("The name of a source is empty; see: wherein sources list")
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        found = find_source(db, name)
        with writing(db, "sources.remove"):
            if found is not None:
                return _remove(db, found, remove)
            if remove and (left := _unfollowed_below(db, name)):
                for record in left:
                    delete_file(db, record.id)
                return RemovedSource(None, name, removed=sum(record.documents for record in left))
    raise UsageError(f"There is no source {display(name)}; see: wherein sources list")


def _remove(db: Database, source: Source, remove: bool) -> RemovedSource:
    records = [record for number in files_of_source(db, source.id).values() if (record := file_by_id(db, number))]
    heirs = _hand_over_exclusions(db, source)
    forget_source(db, source.id)
    last = [record for record in records if not sources_of_file(db, record.id)]
    for record in last:
        if remove or not record.documents:  # a file that only has a problem is of no use to anybody
            delete_file(db, record.id)
    documents = sum(record.documents for record in last)
    shared = sum(record.documents for record in records) - documents
    if source.kind == "stdin":
        texts = documents_of_stream(db, source.uri)
        documents += len(texts)
        for document_id in texts.values() if remove else ():
            delete_document(db, document_id)
    return RemovedSource(
        source, source.uri, shared, documents if remove else 0, 0 if remove else documents, tuple(heirs)
    )


def _hand_over_exclusions(db: Database, source: Source) -> list[str]:
    """Add a source's exclusions to the sources around it: what was private in one is so in the other."""
    if source.kind != "path" or not source.exclude:
        return []
    rules, heirs = rules_of(source), []
    for other in list_sources(db):
        base = rules_of(other).base if other.kind == "path" else ""
        if other.id != source.id and base and _is_within(rules.base, base):
            lines = tuple(dict.fromkeys((*other.exclude, *rebased(rules, base))))
            save_exclusions(db, other.id, lines)
            heirs.append(other.uri)
    return heirs


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _unfollowed_below(db: Catalog, name: str) -> list[FileRecord]:
    """Return the files at or below a path that no source covers any more."""
    uri = web_address(name) or file_uri(source_name(name).path)
    left = unfollowed_files(db).items()
    found = (file_by_id(db, number) for other, number in left if other == uri or other.startswith(f"{uri}/"))
    return [record for record in found if record]
