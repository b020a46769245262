"""From what the user named (files, folders, patterns) to the files that are to be read.

Within a folder hidden names, `__pycache__`, `node_modules`, and what `.gitignore` files and the caller's exclusions
match are ignored, and anything that is not a file, such as a socket or a dangling link, is skipped. What the user names
outright is never ignored, except for files of Wherein itself.
"""

# Paths stay strings: there may be a million of them, and pathlib.resolve would follow the links.
# ruff: noqa: PTH112, PTH114, PTH116, PTH118, PTH206, PTH207

import errno
import fnmatch
import glob
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from wherein.ingest.sources.exclusions import Exclusions
from wherein.ingest.sources.found import FoundFile, FoundLink, WalkError, system_reason
from wherein.ingest.sources.ignore_rules import GITIGNORE, Rules, is_ignored, rules_above, rules_in, with_separator
from wherein.ingest.sources.left_out import LEFT_OUT
from wherein.ingest.sources.names import SourceName
from wherein.ingest.sources.own_files import OwnFiles, marks_in
from wherein.ingest.sources.scope import Scope, is_at_or_below
from wherein.uri import with_slashes

__all__ = ["walk"]

_SPECIAL = (
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISBLK, "block device"),
    (stat.S_ISCHR, "character device"),
)
_LOOP = "symbolic link loop"
_MISSING = "no such file or folder"
_NO_MATCH = "no file matches this pattern"
_LEADS_OUT = "a link that leads out of the source, which is confined"
_ABSENT = frozenset((errno.ENOENT, errno.ENOTDIR))


class _Candidate(NamedTuple):
    """A regular file that was reached by `path`; `real` is its path with all links resolved."""

    path: str
    real: str
    status: os.stat_result


class _NamedEntry(NamedTuple):
    """An entry of a folder by its name; the part of `os.DirEntry` that a walk uses."""

    path: str
    name: str

    def is_symlink(self) -> bool:
        return os.path.islink(self.path)

    def is_dir(self) -> bool:
        try:
            return stat.S_ISDIR(os.stat(self.path).st_mode)
        except FileNotFoundError:
            return False

    def stat(self) -> os.stat_result:
        return os.stat(self.path)


_Entry = os.DirEntry[str] | _NamedEntry


class _Folder(NamedTuple):
    """A folder that is being walked: its entries, the next one last, and the rules, the strongest first."""

    real: str
    identity: tuple[int, int]
    pending: list[_Entry]
    rules: tuple[Rules, ...]


_Found = _Candidate | FoundLink | WalkError


def walk(
    source: SourceName, exclusions: Exclusions, own: OwnFiles, scope: Scope | None = None, *, confined: bool = False
) -> Iterator[FoundFile | FoundLink | WalkError]:
    """Yield the files of a source, sorted by name within each folder; each file once, by its real path.

    A pattern (`*`, `?`, `[...]`) without `**` stands for all that it matches, as in a shell, and one with `**` selects
    among the files that a walk of its folder would give. Two hard links are two files; a link and its target are one,
    and the link is yielded too; with `confined` a link that leads out of the source is an error. Remembers each file's
    path. With a `scope`, only what is in it is yielded, and a folder on the way there is not listed.
    """
    bounds = _Bounds(source.path if confined else "")
    seen: set[str] = set()
    for item in _Walk(exclusions, own, bounds, scope).source(source):
        if not isinstance(item, _Candidate):
            yield item
        elif item.real not in seen:
            seen.add(item.real)
            yield _found(item)


def _found(item: _Candidate) -> FoundFile:
    status = item.status
    return FoundFile(item.real, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


class _Bounds(NamedTuple):
    """The real path within which a walk stays; "" for any."""

    top: str

    def hold(self, real: str) -> bool:
        """Whether a real path lies within."""
        return not self.top or is_at_or_below(real, self.top)


class _Walk:
    """The walk of one source, named outright or by a pattern."""

    def __init__(self, exclusions: Exclusions, own: OwnFiles, bounds: _Bounds, scope: Scope | None) -> None:
        self._exclusions = exclusions
        self._own = own
        self._bounds = bounds
        self._scope = scope
        self._tree = _Tree(exclusions, own, bounds, scope)

    def source(self, source: SourceName) -> Iterator[_Found]:
        """Yield what is found of a source."""
        if not source.pattern:
            yield from self._named(source.path)
        elif "**" in source.pattern.split(os.sep):
            yield from self._selected(source)
        else:
            yield from self._expanded(source)

    def _named(self, path: str, *, outright: bool = True) -> Iterator[_Found]:
        is_odd = os.path.islink(path) or self._bounds.top  # a folder above may have become a link
        real = os.path.realpath(path) if is_odd else path
        if self._own.covers(real):
            return
        if not self._bounds.hold(real):
            yield WalkError(path, _LEADS_OUT)
            return
        try:
            status = os.stat(path)
        except OSError as error:
            is_skipped = not outright and _leads_nowhere(error)
            yield WalkError(path, _reason(error, path), is_missing=error.errno in _ABSENT, is_skipped=is_skipped)
        except ValueError:  # a NUL character
            yield WalkError(path, _MISSING)
        else:
            if real != path:
                yield FoundLink(path, real)
            is_folder = stat.S_ISDIR(status.st_mode)
            yield from self._tree.walk(path) if is_folder else (_regular(path, real, status, outright=outright),)

    def _expanded(self, source: SourceName) -> Iterator[_Found]:
        matches = sorted(_matches(source, self._scope))
        if not matches and self._scope is None:
            yield WalkError(source.stored, _NO_MATCH)
        for match in matches:
            path = _resolved(match)
            if self._exclusions.verdict(path, os.path.realpath(path), os.path.isdir(path)) is not True:
                yield from self._named(path, outright=False)

    def _selected(self, source: SourceName) -> Iterator[_Found]:
        # As in a .gitignore, a folder that matches includes everything below it.
        wanted = GitIgnoreSpec.from_lines(["/" + with_slashes(source.pattern)])
        base = with_separator(source.path)
        matched = False
        for item in self._named(source.path):
            is_problem = isinstance(item, WalkError) and os.path.isdir(item.path)
            if wanted.match_file(item.path[len(base) :]) or is_problem or isinstance(item, FoundLink):
                yield item
                matched = matched or isinstance(item, _Candidate)
        if not matched and self._scope is None:
            yield WalkError(source.stored, _NO_MATCH)


def _matches(source: SourceName, scope: Scope | None) -> Iterator[str]:
    """Yield the paths that a pattern without `**` matches, with a scope those that lead to it or lie in it."""
    parts = source.pattern.split(os.sep)
    if scope is None or scope.covers(source.path) or os.pardir in parts:
        yield from glob.iglob(source.stored)
        return
    folders = {tuple(path[len(source.path) :].strip(os.sep).split(os.sep)[: len(parts)]) for path in scope.paths}
    for names in folders:
        if all(map(_matches_part, names, parts)):
            rest = parts[len(names) :]
            yield from glob.iglob(os.path.join(glob.escape(source.path), *map(glob.escape, names), *rest))


def _matches_part(name: str, pattern: str) -> bool:
    is_hidden = name.startswith(".") and not pattern.startswith(".")
    return fnmatch.fnmatchcase(name, pattern) and not is_hidden


def _resolved(match: str) -> str:
    """Return a path that a pattern matched with its folder resolved: what is excluded is compared with that."""
    folder, name = os.path.split(match)
    return os.path.join(os.path.realpath(folder), name)


class _Tree:
    """The walk of one folder, without recursion. A folder that is reached by two paths is walked once."""

    def __init__(self, exclusions: Exclusions, own: OwnFiles, bounds: _Bounds, scope: Scope | None) -> None:
        self._exclusions = exclusions
        self._own = own
        self._bounds = bounds
        self._scope = scope
        self._chain: list[_Folder] = []
        self._walked: set[tuple[int, int]] = set()

    def walk(self, top: str) -> Iterator[_Found]:
        """Yield what is found in the folder `top` and below."""
        rules, problems = rules_above(top)
        yield from problems
        yield from self._enter(top, os.path.realpath(top), rules)
        while self._chain:
            folder = self._chain[-1]
            if folder.pending:
                yield from self._step(folder, folder.pending.pop())
            else:
                self._chain.pop()

    def _step(self, folder: _Folder, entry: _Entry) -> Iterator[_Found]:
        path = entry.path
        problem = status = None
        is_folder = False
        # `realpath` asks the system about each step of a path, so only links are resolved.
        real = os.path.realpath(path) if entry.is_symlink() else with_separator(folder.real) + entry.name
        try:
            is_folder = entry.is_dir()
            status = None if is_folder else _status(entry)
        except OSError as error:
            shown = with_separator(folder.real) + entry.name
            problem = WalkError(shown, _reason(error, path), is_skipped=_leads_nowhere(error))
        if self._is_ignored(folder, path, real, is_folder):  # what is ignored is not reported either
            return
        if problem:
            yield problem
            return
        if entry.is_symlink():
            if self._own.covers(real):
                return
            if not self._bounds.hold(real):
                yield WalkError(path, _LEADS_OUT)
                return
            yield FoundLink(path, real)
        if status is None:
            yield from self._enter(path, real, folder.rules)
        else:
            yield _regular(path, real, status, outright=False)

    def _is_ignored(self, folder: _Folder, path: str, real: str, is_folder: bool) -> bool:
        verdict = self._exclusions.verdict(path, real, is_folder)
        return is_ignored(folder.rules, path, is_folder) if verdict is None else verdict

    def _enter(self, path: str, real: str, rules: tuple[Rules, ...]) -> Iterator[WalkError]:
        """Push the folder on the chain, or yield why it cannot be walked."""
        try:
            status = os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in self._walked:
                if any(identity == folder.identity for folder in self._chain):
                    yield WalkError(path, _LOOP, is_skipped=True)
                return
            entries, names = self._list(path)
        except OSError as error:
            yield WalkError(real, f"folder cannot be read ({system_reason(error)})")
            return
        self._walked.add(identity)
        if self._own.is_own_folder(real, names):
            return
        if GITIGNORE in names:
            own, problems = rules_in(path)
            yield from problems
            rules = (*own, *rules)
        pending = [entry for entry in entries if entry.name[0] != "." and entry.name not in LEFT_OUT]
        pending.sort(key=lambda entry: entry.name, reverse=True)  # the next one is taken from the end
        self._chain.append(_Folder(real, identity, pending, rules))

    def _list(self, path: str) -> tuple[list[_Entry], set[str]]:
        """Return the entries of a folder and their names; on the way to a scope, only those that matter."""
        wanted = self._scope.names_in(path) if self._scope else None
        with os.scandir(path) as listing:
            if wanted is None:
                entries: list[_Entry] = list(listing)  # closed before others are walked: depth costs no descriptors
                return entries, {entry.name for entry in entries}
        named = [_NamedEntry(with_separator(path) + name, name) for name in wanted]
        marks = marks_in(path) | ({GITIGNORE} if os.path.lexists(os.path.join(path, GITIGNORE)) else set())
        return [entry for entry in named if os.path.lexists(entry.path)], marks


def _status(entry: _Entry) -> os.stat_result:
    """Return the status of an entry, following links; that of a listing on Windows lacks the number of the file."""
    return os.stat(entry.path) if os.name == "nt" else entry.stat()


def _regular(path: str, real: str, status: os.stat_result, *, outright: bool) -> _Candidate | WalkError:
    if stat.S_ISREG(status.st_mode):
        return _Candidate(path, real, status)
    kind = next((name for test, name in _SPECIAL if test(status.st_mode)), "unknown kind")
    return WalkError(path, f"not a regular file ({kind})", is_skipped=not outright)


def _leads_nowhere(error: OSError) -> bool:
    return error.errno in _ABSENT or error.errno == errno.ELOOP


def _reason(error: OSError, path: str) -> str:
    if error.errno == errno.ELOOP:
        return _LOOP
    if error.errno in _ABSENT:
        return "broken symbolic link" if os.path.islink(path) else _MISSING
    return f"cannot be read ({system_reason(error)})"
