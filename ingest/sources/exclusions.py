"""What users exclude from their sources: lines as in a `.gitignore`, in one stored form, and what they match.

A line with a slash is anchored in the folder of its source and begins with a slash; one without matches a name in any
folder. Which exclusions hold for which source: docs/decisions/sources.md.
"""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH100, PTH118, PTH207, PTH117

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pathspec import GitIgnoreSpec

from wherein.errors import UsageError
from wherein.ingest.sources.names import SourceName, name_of, source_name
from wherein.storage.catalog.sources import Source
from wherein.uri import with_slashes

__all__ = ["Exclusions", "Rules", "exclusions_for", "rebased", "rules_of", "stored_lines"]

_MAGIC = str.maketrans({character: f"\\{character}" for character in "\\*?[]!# "})


@dataclass(frozen=True)
class Rules:
    """Lines that hold below the folder `base`."""

    base: str
    lines: tuple[str, ...]

    def without_those_for(self, path: str) -> Rules:
        """Return the rules less the lines that match `path`: it was named in spite of them."""
        if not _is_below(path, self.base):
            return self
        kept = (line for line in self.lines if not _matches(_spec((line,)), self.base, path, True))
        return Rules(self.base, tuple(kept))


class Exclusions:
    """The exclusions that hold in the walk of one source: `own` are those of the source, `others` of those it overlaps.

    A line of `own` may begin with `!` and re-include what an ignore file leaves out. `matched` are the own lines
    among those to `watch` that have matched anything.
    """

    def __init__(self, own: Rules, others: Sequence[Rules] = (), watch: Iterable[str] = ()) -> None:
        self.matched: set[str] = set()
        self._base = own.base
        self._own = _spec(own.lines) if own.lines else None
        self._others = [(rules.base, _spec(rules.lines)) for rules in others if rules.lines]
        self._watched = {line: _spec((line,)) for line in watch}

    def verdict(self, path: str, real: str, is_folder: bool) -> bool | None:
        """Whether a file or folder is excluded (True) or re-included (False); `real` is its path without links."""
        if self._own is None and not self._others:
            return None
        paths = (path,) if path == real else (path, real)
        self._watch(paths, is_folder)
        if any(_matches(spec, base, name, is_folder) for base, spec in self._others for name in paths):
            return True
        if self._own is None:
            return None
        verdicts = [_verdict(self._own, self._base, name, is_folder) for name in paths]
        return True if True in verdicts else next((found for found in verdicts if found is not None), None)

    def excludes(self, path: str) -> bool:
        """Whether the file at a real path, or a folder above it, is excluded."""
        return self.verdict(path, path, False) is True

    def _watch(self, paths: Sequence[str], is_folder: bool) -> None:
        for line in [line for line, spec in self._watched.items() if self._is_hit(spec, paths, is_folder)]:
            self.matched.add(line)
            del self._watched[line]

    def _is_hit(self, spec: GitIgnoreSpec, paths: Sequence[str], is_folder: bool) -> bool:
        return any(_verdict(spec, self._base, name, is_folder) is not None for name in paths)


def rules_of(source: Source) -> Rules:
    """Return the exclusions of a source, with the folder in which they hold."""
    return Rules(name_of(source).path, source.exclude)


def exclusions_for(source: Source, sources: Iterable[Source], watch: Iterable[str] = ()) -> Exclusions:
    """Return what holds in the walk of a source: its own exclusions, and those of all other `sources`.

    Of these, lines that match the source itself do not hold: it was named in spite of them.
    """
    others = [rules_of(other) for other in sources if other.uri != source.uri and other.kind == "path"]
    own = rules_of(source)
    return Exclusions(own, [rules.without_those_for(own.base) for rules in others if rules.lines], watch)


def stored_lines(pattern: str, base: str) -> list[str]:
    """Return a pattern as a user writes it in the form in which it is stored for a source below the folder `base`.

    A path, absolute or with a slash, may be relative to the current folder or to the source; if both are there, both
    are meant. What exists is literal, also with `[`, `]`, `*`, `?` in its name. A path elsewhere gives no line. Raises
    UsageError for what is no pattern.
    """
    if not pattern.strip():
        raise UsageError("An empty pattern excludes nothing; omit --exclude, or name what to leave out")
    mark, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    body = with_slashes(body)
    folder, body = ("/", body.rstrip("/")) if body.rstrip("/") and body.endswith("/") else ("", body)
    if "/" not in body and not body.startswith("~"):
        lines = [_literal_name(body, base)]
    elif body.startswith("~") or os.path.isabs(body):
        lines = _absolute(body, base)
    else:
        lines = _relative(body, base)
    lines = [f"{mark}{line}{folder}" for line in lines]
    try:
        GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise UsageError(f"not a valid exclude pattern: {error}") from None
    return lines


def rebased(rules: Rules, base: str) -> tuple[str, ...]:
    """Return the lines of `rules` for a source whose folder `base` is above theirs."""
    inner = with_slashes(os.path.relpath(rules.base, base))
    prefix = "" if inner == os.curdir else "/" + inner.translate(_MAGIC)
    return tuple(_prefixed(line, prefix) for line in rules.lines)


def _prefixed(line: str, prefix: str) -> str:
    mark, body = ("!", line[1:]) if line.startswith("!") else ("", line)
    if not prefix:
        return line
    return f"{mark}{prefix}{body}" if body.startswith("/") else f"{mark}{prefix}/**/{body}"


def _literal_name(name: str, base: str) -> str:
    is_there = os.path.lexists(os.path.join(base, name)) or os.path.lexists(os.path.abspath(name))
    return name.translate(_MAGIC) if name.strip(".") and is_there else name


def _absolute(body: str, base: str) -> list[str]:
    name = source_name(body)
    if _covers(name, base):
        return [_anchored(name, base)]
    return [] if _is_there(name) else [body]


def _relative(body: str, base: str) -> list[str]:
    """Return the lines for a path that may be relative to the current folder, or to the source."""
    here, there = source_name(body), source_name(os.path.join(base, body))
    lines = []
    if _covers(here, base) and (_is_there(here) or not _is_there(there)):
        lines.append(_anchored(here, base))
    if _covers(there, base) and (_is_there(there) or not lines):
        lines.append(_anchored(there, base))
    return list(dict.fromkeys(lines))


def _covers(name: SourceName, base: str) -> bool:
    return _is_below(name.path, base) or (bool(name.pattern) and name.path == base)


def _anchored(name: SourceName, base: str) -> str:
    inner = with_slashes(os.path.relpath(name.path, base))
    literal = "" if inner == os.curdir else "/" + inner.translate(_MAGIC)
    return f"{literal}/{with_slashes(name.pattern)}" if name.pattern else literal


def _is_there(name: SourceName) -> bool:
    if not name.pattern:
        return os.path.lexists(name.path)
    return next(glob.iglob(name.stored, recursive=True), None) is not None


def _is_below(path: str, base: str) -> bool:
    return path.startswith(_with_separator(base)) and path != base


@lru_cache(maxsize=1_000)
def _spec(lines: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(lines)


def _matches(spec: GitIgnoreSpec, base: str, path: str, is_folder: bool) -> bool:
    return _verdict(spec, base, path, is_folder) is True


def _verdict(spec: GitIgnoreSpec, base: str, path: str, is_folder: bool) -> bool | None:
    if not _is_below(path, base):
        return None
    return spec.check_file(path[len(_with_separator(base)) :] + "/" * is_folder).include


def _with_separator(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep
