"""The part of a source that a walk is restricted to, when it is known where something has changed."""

# Paths stay strings: names may be any bytes.
# ruff: noqa: PTH120

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from wherein.uri import real_path

__all__ = ["Scope", "is_at_or_below", "scope_of"]


@dataclass(frozen=True)
class Scope:
    """The files and folders `paths`, and all that is below them, as a walk of the source reaches them.

    `real` are the real paths of what is there, or was there.
    """

    paths: frozenset[str]
    real: frozenset[str]

    def names_in(self, folder: str) -> list[str] | None:
        """Return the names in a folder that lead to the scope; None for all of them."""
        if self.covers(folder):
            return None
        return sorted(self._names.get(folder, ()))

    def covers(self, path: str) -> bool:
        """Whether a path is in the scope."""
        return any(above in self.paths for above in _upwards(path))

    @cached_property
    def _names(self) -> Mapping[str, set[str]]:
        names: dict[str, set[str]] = {}
        for path in self.paths:
            for step in _upwards(path):
                folder, name = os.path.split(step)
                names.setdefault(folder, set()).add(name)
        return names


def scope_of(base: str, changed: Iterable[str], aliases: Mapping[str, str]) -> Scope | None:
    """Return the scope of a source at the path `base`, given the paths that have `changed`; None for none of it.

    `aliases` are the links of the source by their paths, each with the real path that it leads to. What has changed is
    looked at by every path that leads to it; a link that has changed, with everything that it leads to.
    """
    given = set(changed)
    real = given | {real_path(path) for path in given}
    real |= {target for link, target in aliases.items() if _is_in(link, given)}
    paths = {path for path in real if is_at_or_below(path, base)}
    for link, target in aliases.items():
        paths |= {link + path[len(target) :] for path in real if is_at_or_below(path, target)}
        if _is_in(target, real):
            paths.add(link)
            real.add(target)
    if any(is_at_or_below(base, path) for path in real):
        paths, real = {base}, real | {base}
    inside = frozenset(path for path in paths if is_at_or_below(path, base))
    return Scope(inside, frozenset(real)) if inside else None


def is_at_or_below(path: str, folder: str) -> bool:
    """Whether a path is that of a folder, or of something in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_in(path: str, paths: set[str]) -> bool:
    return any(above in paths for above in _upwards(path))


def _upwards(path: str) -> Iterator[str]:
    """Yield a path and the folders above it."""
    yield path
    while (folder := os.path.dirname(path)) != path:
        yield folder
        path = folder
