"""The one form in which a source is stored: the real path of a file or folder, or a pattern below a real folder."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH111, PTH118

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass

from wherein.storage.catalog.sources import Source
from wherein.uri import real_path, split_path

__all__ = ["SourceName", "name_of", "source_name"]

_ESCAPED = re.compile(r"\[([*?[])\]")


@dataclass(frozen=True)
class SourceName:
    """A source's real path; with a `pattern`, the folder below which it selects files.

    `also` is the path that the user named when it leads to the real one through a link, else "".
    """

    path: str
    pattern: str = ""
    also: str = ""

    @property
    def stored(self) -> str:
        """The name by which the library knows the source."""
        return os.path.join(glob.escape(self.path), self.pattern) if self.pattern else self.path

    @classmethod
    def of_stored(cls, name: str, is_pattern: bool) -> SourceName:
        """Return the name that is stored so."""
        if not is_pattern:
            return cls(name)
        root, parts = split_path(name)
        magic = next((i for i, part in enumerate(parts) if glob.has_magic(_ESCAPED.sub("", part))), len(parts) - 1)
        folder = root + _ESCAPED.sub(r"\1", os.sep.join(parts[:magic]))
        return cls(folder, os.sep.join(parts[magic:]))


def name_of(source: Source) -> SourceName:
    """Return the name of a stored source; an older version did not store whether it is a pattern."""
    is_pattern = source.pattern
    if is_pattern is None:
        is_pattern = glob.has_magic(source.uri) and not os.path.lexists(source.uri)
    return SourceName.of_stored(source.uri, is_pattern)


def source_name(name: str) -> SourceName:
    """Return the stored form of a file, folder or pattern as a user names it.

    What exists is literal, also with `[`, `]`, `*`, `?` in its name, and so is the folder in which a pattern begins.
    """
    if "\0" in name:  # no path holds one
        return SourceName(name)
    path = os.path.join(os.getcwd(), os.path.expanduser(name))  # noqa: PTH109
    if os.path.lexists(path) or not glob.has_magic(path):
        return SourceName(real_path(path), also=_other_name(path))
    folder, parts = split_path(path)
    while parts and (not glob.has_magic(parts[0]) or os.path.lexists(os.path.join(folder, parts[0]))):
        folder = os.path.join(folder, parts.pop(0))
    pattern = os.sep.join(part for part in parts if part not in ("", os.curdir))
    return SourceName(real_path(folder), pattern, _other_name(folder))


def _other_name(path: str) -> str:
    """Return a path in its shortest form if it leads through a link, else ""."""
    plain, real = os.path.normpath(path), os.path.realpath(path)
    if plain == real:
        return ""
    return plain if os.path.realpath(plain) == real else path  # without links, `..` would lead elsewhere
