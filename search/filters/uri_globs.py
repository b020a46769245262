"""Glob patterns as regular expressions over the URIs of documents, in which a path's bytes stand percent-encoded."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from wherein.errors import UsageError

__all__ = ["place_pattern"]

_LONGEST = 4_096
_MOST_IN_BRACKETS = 512
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")
_FROM_HERE = re.compile(r"/|~|\.\.?(?:/|$)")
# What a document in a file, or a file in a folder, adds to the name of the file or folder.
_BELOW = "(?:[/#].*)?"


@dataclass(frozen=True)
class _Spelling:
    """Regular expressions for a given character, for any one character and for a piece of any."""

    literal: Callable[[str], str]
    one: str
    piece: str


def place_pattern(pattern: str) -> str:
    """Return the regular expression for the URIs that a path, glob pattern or URI stands for.

    `*` stands for any characters, `/` included, `?` for one, `[...]` for one of these. A folder stands for all that is
    below it, a file for the documents in it. What begins with `/`, `~` or `.` is a path from there; anything else is
    found at any depth: `notes/*.md`. Raises UsageError for what is no pattern.
    """
    if not pattern or len(pattern) > _LONGEST:
        raise UsageError(f"--in needs a path or pattern of 1 to {_LONGEST:,} characters")
    if "\0" in pattern or re.search("[\ud800-\udc7f\udd00-\udfff]", pattern):
        raise UsageError("--in has a character that no file's name can have")
    if _SCHEME.match(pattern):
        return _globbed(pattern, _RAW) + _BELOW
    if _FROM_HERE.match(pattern):
        path = os.path.abspath(os.path.expanduser(pattern))  # noqa: PTH100, PTH111 - odd bytes and patterns stay
        return "file://" + _globbed(path.rstrip("/"), _ENCODED) + _BELOW
    below = pattern.rstrip("/")
    in_file, elsewhere = _globbed(below, _ENCODED), _globbed(below, _RAW)
    return f"(?:(?:.*[/#])?{in_file}|(?!file:)(?:.*[/:#])?{elsewhere}){_BELOW}"


def _encoded(character: str) -> str:
    if character == "#":  # of a file's name, or before the name of a document in it
        return "(?:#|%23)"
    return re.escape(quote_from_bytes(os.fsencode(character)))


_RAW = _Spelling(re.escape, ".", ".")
_UTF8 = "%[0-7][0-9A-F]|%[CD][0-9A-F]%..|%E[0-9A-F]%..%..|%F[0-9A-F]%..%..%.."
_ENCODED = _Spelling(_encoded, f"(?>[^%]|{_UTF8}|%..)", "(?:[^%]|%..)")


def _globbed(pattern: str, spelling: _Spelling) -> str:
    """Translate a pattern. Of each piece between two stars the first place that fits is kept, as in `fnmatch`.

    Keeping it is right, since a star stands for anything, and makes it impossible that the time explodes.
    """
    first, *pieces = re.split(r"\*+", pattern)
    begin = _fixed(first, spelling)
    if not pieces:
        return begin
    *inner, last = (_fixed(piece, spelling) for piece in pieces)
    return begin + "".join(f"(?>{spelling.piece}*?{piece})" for piece in inner) + f"{spelling.piece}*{last}"


def _fixed(piece: str, spelling: _Spelling) -> str:
    parts, place = [], 0
    while place < len(piece):
        close = piece.find("]", place + 3 if piece[place : place + 2] == "[!" else place + 2)
        if piece[place] == "[" and close > 0:
            parts.append(_bracket(piece[place + 1 : close], spelling))
            place = close + 1
        else:
            parts.append(spelling.one if piece[place] == "?" else spelling.literal(piece[place]))
            place += 1
    return "".join(parts)


def _bracket(content: str, spelling: _Spelling) -> str:
    negated = content.startswith("!")
    characters = _members(content.removeprefix("!"))
    some = "|".join(spelling.literal(character) for character in characters)
    return f"(?:(?!{some}){spelling.one})" if negated else f"(?:{some})"


def _members(content: str) -> list[str]:
    members, place = list[str](), 0
    while place < len(content):
        if content[place + 1 : place + 2] == "-" and place + 2 < len(content):
            low, high = ord(content[place]), ord(content[place + 2])
            if high - low > _MOST_IN_BRACKETS:
                raise UsageError(f"--in: the range {content[place : place + 3]} has too many characters")
            members += map(chr, range(low, high + 1))
            place += 3
        else:
            members.append(content[place])
            place += 1
    if not members or len(members) > _MOST_IN_BRACKETS:
        raise UsageError(f"--in: [{content[:20]}] has no characters in it, or too many")
    return members
