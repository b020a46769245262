"""Glob patterns as regular expressions over URIs, in which the bytes of paths are percent-encoded.

Why not `fnmatch` over decoded paths: docs/decisions/filters.md.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from wherein.errors import UsageError

__all__ = ["uri_pattern"]

_MAX_LENGTH = 4_096
_MAX_IN_BRACKETS = 512  # each becomes an alternative in the expression
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")
_PATH = re.compile(r"/|~|\.\.?(?:/|$)")
# What the URI of a file adds to that of its folder, and that of a record to that of its file.
_BELOW = "(?:[/#].*)?"


@dataclass(frozen=True)
class _Spelling:
    """Regular expressions for a given character, for any one character, and for a unit that `*` repeats."""

    literal: Callable[[str], str]
    one: str
    unit: str


def uri_pattern(pattern: str) -> str:
    """Return the regular expression for the URIs that a path, glob pattern or URI matches.

    `*` matches any characters, also `/`, `?` any one, `[...]` one of these, `[!...]` none of these. A folder matches
    everything below it, a file the records in it. A pattern that begins with `/`, `~` or `.` is a path, relative to the
    current folder; any other matches at any depth: `notes/*.md`. Raises UsageError for a pattern that is not valid.
    """
    if not pattern or len(pattern) > _MAX_LENGTH:
        raise UsageError(f"--in needs a path or pattern of 1 to {_MAX_LENGTH:,} characters")
    # Lone surrogates, except those that stand for undecodable bytes (U+DC80 to U+DCFF, PEP 383).
    if "\0" in pattern or re.search("[\ud800-\udc7f\udd00-\udfff]", pattern):
        raise UsageError("--in has a character that no file name can have")
    if _SCHEME.match(pattern):
        return _globbed(pattern, _RAW) + _BELOW
    if _PATH.match(pattern):
        path = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - odd bytes and patterns stay
        # rstrip turns the root into nothing, which matches every file.
        return "file://" + _globbed(path.rstrip("/"), _ENCODED) + _BELOW
    below = pattern.rstrip("/")
    # Names are percent-encoded in the URIs of files; web addresses and names of standard input are matched as written.
    in_file, elsewhere = _globbed(below, _ENCODED), _globbed(below, _RAW)
    return f"(?:(?:.*[/#])?{in_file}|(?!file:)(?:.*[/:#])?{elsewhere}){_BELOW}"


def _encoded(character: str) -> str:
    if character == "#":  # in a file's name, or before the key of a record
        return "(?:#|%23)"
    return re.escape(quote_from_bytes(os.fsencode(character)))


_RAW = _Spelling(re.escape, ".", ".")
_NEXT_BYTE = "%[89AB][0-9A-F]"
_UTF8 = "|".join(f"%{first}[0-9A-F]{_NEXT_BYTE * more}" for first, more in (("[CD]", 1), ("E", 2), ("F", 3)))
# A byte that is not part of a character in UTF-8 counts as one character.
# `one` is atomic: a character of several bytes must not be matched in part when the rest of a pattern does not fit.
_ENCODED = _Spelling(_encoded, f"(?>[^%]|{_UTF8}|%..)", "(?:[^%]|%..)")


def _globbed(pattern: str, spelling: _Spelling) -> str:
    """Translate a pattern. Each piece between two stars matches where it first can, and is not tried further on.

    As in `fnmatch`: a later match could not help, since a star matches anything, and the time stays bounded.
    """
    first, *pieces = re.split(r"\*+", pattern)
    begin = _fixed(first, spelling)
    if not pieces:
        return begin
    *inner, last = (_fixed(piece, spelling) for piece in pieces)
    # The last star may backtrack: its piece has to stand at the end, not where it first matches.
    return begin + "".join(f"(?>{spelling.unit}*?{piece})" for piece in inner) + f"{spelling.unit}*{last}"


def _fixed(piece: str, spelling: _Spelling) -> str:
    """Translate a piece without stars."""
    parts, offset = [], 0
    while offset < len(piece):
        # As in `fnmatch`: a `]` right after the opening is a member, and a `[` that is never closed is a character.
        close = piece.find("]", offset + 3 if piece[offset : offset + 2] == "[!" else offset + 2)
        if piece[offset] == "[" and close > 0:
            parts.append(_bracket(piece[offset + 1 : close], spelling))
            offset = close + 1
        else:
            parts.append(spelling.one if piece[offset] == "?" else spelling.literal(piece[offset]))
            offset += 1
    return "".join(parts)


def _bracket(content: str, spelling: _Spelling) -> str:
    negated = content.startswith("!")
    characters = _members(content.removeprefix("!"))
    any_of = "|".join(spelling.literal(character) for character in characters)
    return f"(?:(?!{any_of}){spelling.one})" if negated else f"(?:{any_of})"


def _members(content: str) -> list[str]:
    """Return the characters that a bracket lists."""
    members, offset = list[str](), 0
    while offset < len(content):
        if content[offset + 1 : offset + 2] == "-" and offset + 2 < len(content):
            low, high = ord(content[offset]), ord(content[offset + 2])
            if high - low > _MAX_IN_BRACKETS:
                raise UsageError(f"--in: the range {content[offset : offset + 3]} has too many characters")
            members += map(chr, range(low, high + 1))
            offset += 3
        else:
            members.append(content[offset])
            offset += 1
    if not members or len(members) > _MAX_IN_BRACKETS:
        raise UsageError(f"--in: [{content[:20]}] has no characters in it, or too many")
    return members
