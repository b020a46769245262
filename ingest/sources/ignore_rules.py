"""The rules of `.gitignore` files, in the folders above a walk and in those that it enters."""

# Paths stay strings: there may be a million of them, and names may be any bytes.
# ruff: noqa: PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from wherein.ingest.sources.found import WalkError, system_reason

__all__ = ["GITIGNORE", "Rules", "is_ignored", "rules_above", "rules_in", "with_separator"]

GITIGNORE = ".gitignore"


class Rules(NamedTuple):
    """The patterns of an ignore file, which hold below `base`, a folder's path that ends in a separator."""

    base: str
    spec: GitIgnoreSpec


def is_ignored(rules: Iterable[Rules], path: str, is_folder: bool) -> bool:
    """Whether the strongest rule that matches `path` excludes it."""
    for base, spec in rules:
        verdict = spec.check_file(path[len(base) :] + "/" * is_folder).include
        if verdict is not None:
            return verdict
    return False


def rules_above(top: str) -> tuple[tuple[Rules, ...], list[WalkError]]:
    """Return the rules from `top`'s parents up to the root of the repository that it lies in.

    There are none outside a repository, nor when they exclude `top`, which the user named.
    """
    parents: list[str] = []
    folder = top
    while not os.path.lexists(os.path.join(folder, ".git")):
        if os.path.dirname(folder) == folder:
            return (), []
        folder = os.path.dirname(folder)
        parents.append(folder)
    rules: list[Rules] = []
    problems: list[WalkError] = []
    for parent in parents:
        own, unread = rules_in(parent)
        rules += own
        problems += unread
    for path in (top, *parents[:-1]):
        if is_ignored((rule for rule in rules if path.startswith(rule.base)), path, True):
            return (), []
    return tuple(rules), problems


def rules_in(folder: str) -> tuple[tuple[Rules, ...], list[WalkError]]:
    """Return the rules of the folder's `.gitignore`, if it has one, and why it cannot be read."""
    path = os.path.join(folder, GITIGNORE)
    if not os.path.isfile(path):  # opening a named pipe of that name would block
        return (), []
    try:
        # Names may be any bytes, and surrogates stand for those that are not UTF-8, as in the paths.
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            # Not `splitlines`, which also splits at form feeds and the like; git does not.
            spec = GitIgnoreSpec.from_lines(filter(_is_pattern, file.read().split("\n")))
    except OSError as error:
        return (), [WalkError(path, f"cannot be read ({system_reason(error)})")]
    return (Rules(with_separator(folder), spec),), []


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:  # git ignores such a line, too
        return False
    return True


def with_separator(folder: str) -> str:
    """Return the path of a folder with a separator at its end."""
    return folder if folder.endswith(os.sep) else folder + os.sep
