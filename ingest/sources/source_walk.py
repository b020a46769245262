"""What one walk of a source found, compared with what the library knows of the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wherein.ingest.sources.exclusions import Exclusions
from wherein.ingest.sources.files import FoundFile, FoundLink, WalkError, walk
from wherein.ingest.sources.names import name_of
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import Scope
from wherein.storage.catalog.sources import Source
from wherein.uri import file_path, file_uri

__all__ = ["SourceWalk"]


@dataclass
class SourceWalk:
    """The walk of a source, or the visit of a web page.

    `unseen` are the ids, by URI, of the files that the source covered before and that the walk has not reached;
    `found` counts those that it reached, `links` gives the targets of the links by URI, `errors` what could not be
    walked, all as URIs. `is_missing` when there is nothing at the source's path. With a `scope` the walk is restricted
    to that, and `unseen` begins with the files that the source covered in it.
    """

    source: Source
    exclusions: Exclusions
    own: OwnFiles
    unseen: dict[str, int]
    found: int = 0
    links: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    is_missing: bool = False
    scope: Scope | None = None
    known: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.known = dict(self.unseen) if self.scope else {}

    def files(self) -> Iterator[FoundFile | WalkError]:
        """Walk the source and yield what is to be ingested or reported; a file that is gone is not reported."""
        for item in walk(name_of(self.source), self.exclusions, self.own, self.scope):
            if isinstance(item, FoundLink):
                self.links[file_uri(item.path)] = file_uri(item.target)
            elif isinstance(item, FoundFile) or not self._is_gone(item):
                yield item

    def reached(self, uri: str) -> bool:
        """Note that a file is there, and return whether the source covered it before."""
        self.found += 1
        return self.unseen.pop(uri, None) is not None

    def failed(self, uri: str) -> None:
        """Note what could not be walked."""
        self.errors.append(uri)

    def is_below_error(self, uri: str) -> bool:
        """Whether a file lies below a folder that could not be walked, so that it may be there."""
        return any(uri.startswith(f"{error}/") for error in self.errors)

    def leaves_out(self, uri: str) -> bool:
        """Whether a file is excluded now, or belongs to Wherein itself."""
        path = file_path(uri)
        return path is not None and (self.exclusions.excludes(path) or self.own.covers(path))

    @property
    def is_gone_file(self) -> bool:
        """Whether the source was a single file and its folder is still there: then it is gone, and not unmounted."""
        is_file = self.unseen.keys() <= {file_uri(self.source.uri)}
        return self.is_missing and is_file and Path(self.source.uri).parent.is_dir()

    def aliases(self, known: dict[str, str]) -> dict[str, str]:
        """Return the other paths of what the source covers; of those `known`, the ones that no walk can find stay."""
        return {uri: target for uri, target in known.items() if self._keeps(uri, target)} | self.links

    def _keeps(self, uri: str, target: str) -> bool:
        """Whether a link is one by which the source itself was named, or lies outside the scope."""
        path = file_path(uri)
        is_outside = self.scope is not None and path is not None and not self.scope.covers(path)
        return is_outside or target == file_uri(name_of(self.source).path)

    def _is_gone(self, item: WalkError) -> bool:
        self.is_missing = self.is_missing or (item.is_missing and item.path == self.source.uri)
        return self.is_gone_file
