"""What an agent may change: only documents whose files are below the folders that the user has named."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH112, PTH117

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wherein.errors import UsageError
from wherein.ingest.progress.events import RunProblem, Stopped
from wherein.ingest.sources.exclusions import Exclusions, Rules
from wherein.ingest.sources.files import walk
from wherein.ingest.sources.found import FoundLink
from wherein.ingest.sources.names import SourceName
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import is_at_or_below
from wherein.library import Library
from wherein.server.mcp.arguments import ForgetArguments, IngestArguments
from wherein.server.surfaces import AGENT
from wherein.uri import display, display_uri, file_path, real_path, web_address

__all__ = ["Roots", "forget", "ingest"]

# A client gives up on a call after a minute.
_LONGEST = timedelta(seconds=45)
_MAX_LISTED = 10


@dataclass(frozen=True)
class Roots:
    """The folders, by their real paths, below which an agent may ingest and forget."""

    folders: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Roots:
        """Return the roots that a user names. Raises UsageError for one that is not a folder."""
        folders = tuple(map(real_path, names))
        for folder in folders:
            if not os.path.isdir(folder):
                raise UsageError(f"There is no folder {display(folder)}; --root takes an existing one")
        return cls(folders)

    def inside(self, name: str) -> str:
        """Return the real path of a file or folder. Raises UsageError when it is not below a root."""
        if web_address(name):
            raise UsageError("An agent cannot have web pages ingested; a person can: wherein ingest ADDRESS")
        if "\0" in name or not os.path.isabs(name):
            raise UsageError("A path has to be absolute: it begins with /")
        path = real_path(name)
        # First: whether anything outside exists is not revealed.
        if not self.covers(path):
            allowed = ", ".join(map(display, self.folders))
            raise UsageError(f"{display(name)} is not below a folder that this server may change: {allowed}")
        if not os.path.lexists(path):
            raise UsageError(f"There is no file or folder {display(name)}")
        return path

    def covers(self, path: str) -> bool:
        """Whether a real path is that of a root, or below one."""
        return any(is_at_or_below(path, folder) for folder in self.folders)

    def require_no_way_out(self, path: str) -> None:
        """Raise UsageError when a link in a folder leads to where there is no root."""
        for found in walk(SourceName(path), Exclusions(Rules(path, ())), OwnFiles()):
            if isinstance(found, FoundLink) and not self.covers(found.target):
                raise UsageError(f"{display(found.path)} is a link that leads out; remove it, or name other folders")


def ingest(library: Library, roots: Roots, asked: IngestArguments) -> str:
    """Ingest files and folders, for less than a minute."""
    paths = [roots.inside(name) for name in asked.paths]
    for path in paths:
        roots.require_no_way_out(path)
    events: list[object] = []
    # Confined: a link that is made later, while it runs or before the next reindex, is not followed either.
    until = datetime.now(UTC) + _LONGEST
    summary = library.ingest(paths, confined=True, until=until, report=events.append)
    lines = [f"{summary.new} new, {summary.changed} changed, {summary.unchanged} unchanged documents."]
    problems = [event for event in events if isinstance(event, RunProblem)]
    lines += [f"{one.kind}: {display_uri(one.uri)}: {display(AGENT.say(one.reason))}" for one in problems[:_MAX_LISTED]]
    if len(problems) > _MAX_LISTED:
        lines.append(f"{len(problems) - _MAX_LISTED} more files were skipped or failed.")
    if any(isinstance(event, Stopped) for event in events):
        lines.append("There is more to ingest: call ingest again with the same paths.")
    return "\n".join(lines)


def forget(library: Library, roots: Roots, asked: ForgetArguments) -> str:
    """Remove documents; their files are left alone."""
    documents = {found.id: found for found in (library.document(name)[0] for name in asked.names)}
    for document in documents.values():
        path = file_path(document.uri)
        if path is None or not roots.covers(path):
            raise UsageError(f"{document.uri} is not below a folder that this server may change; nothing was removed")
    removed = library.remove_documents(list(documents))
    return "\n".join([*(f"removed: {document.uri}" for document in removed), "The files are left alone."])
