"""Paths and glob patterns as regular expressions over URIs, in which the bytes of paths are percent-encoded.

Why not `fnmatch` over decoded paths: docs/decisions/filters.md.
"""

# Odd bytes and patterns stay as they are, which pathlib would change.
# ruff: noqa: PTH111, PTH118, PTH117

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote

from wherein.errors import UsageError
from wherein.uri import readings, real_path, split_path, uri_parts, with_slashes

__all__ = ["uri_pattern"]

_MAX_LENGTH = 4_096
_MAX_IN_BRACKETS = 512  # each becomes an alternative in the expression
_SCHEME = re.compile(r"(?:file|https?|stdin):")
_PATH = re.compile(r"/|~|\.\.?(?:/|$)")
_WILD = re.compile(r"[*?[]")
# What the URI of a file adds to that of its folder, and that of a record to that of its file.
_BELOW = "(?:[/#].*)?"

_Spelling = Callable[[str], str]
"""Returns the expression for one character, as the URIs of some kind have it."""


class _Parts(NamedTuple):
    """A pattern in two: the path of what exists, and the rest, which begins with `/` or with the `#` of a record."""

    existing: str
    rest: str


def uri_pattern(pattern: str) -> str:
    """Return the regular expression for the URIs that a path, glob pattern or URI matches.

    `*` matches any characters, also `/`, `?` any one, `[...]` one of these, `[!...]` none of these. A folder matches
    everything below it, a file the records in it. A pattern that begins with `/`, `~` or `.` is a path, relative to the
    current folder; any other matches at any depth: `notes/*.md`. The name of an existing file or folder stands for
    itself, and so does a name as it is listed. Raises UsageError for a pattern that is not valid.
    """
    if not pattern or len(pattern) > _MAX_LENGTH:
        raise UsageError(f"A path or pattern of documents has 1 to {_MAX_LENGTH:,} characters")
    pattern = with_slashes(pattern)
    name, hash_sign, key = pattern.partition("#")
    # In a URI the key of a record is percent-encoded.
    meant = [*readings(pattern), *readings(name + hash_sign + unquote(key))]
    if not meant:
        raise UsageError("A path or pattern of documents holds a character that no file name can have")
    return _any_of(expression for reading in dict.fromkeys(meant) for expression in _expressions(reading))


def _expressions(pattern: str) -> Iterator[str]:
    if _PATH.match(pattern) or os.path.isabs(pattern):
        yield _at_path(pattern)
        return
    if _SCHEME.match(pattern):
        yield _matching(pattern, _elsewhere) + _BELOW
    parts = _split(pattern.rstrip("/"))
    yield f"(?:.*[/#])?{_anywhere(parts, _in_files)}{_BELOW}"
    yield f"(?!file:)(?:.*[/:#])?{_anywhere(parts, _elsewhere)}{_BELOW}"
    if parts.existing and real_path(parts.existing) != os.path.join(real_path("."), parts.existing):
        yield _at_path(f"./{pattern}")  # what is below a link is stored elsewhere


def _anywhere(parts: _Parts, spelling: _Spelling) -> str:
    rest = parts.rest if parts.existing else parts.rest.removeprefix("/")
    return _exactly(parts.existing, spelling) + _matching(rest, spelling)


def _at_path(pattern: str) -> str:
    parts = _split(with_slashes(os.path.expanduser(pattern)))
    # rstrip turns the root into nothing, which matches every file.
    begin, path = uri_parts(real_path(parts.existing or "."))
    return re.escape(begin) + _exactly(path.rstrip("/"), _in_files) + _matching(parts.rest, _in_files) + _BELOW


def _split(pattern: str) -> _Parts:
    """Split a pattern before the first name in it that does not exist; `existing` is relative if the pattern is."""
    if os.path.lexists(pattern):  # with stars, too
        return _Parts(pattern, "")
    root = with_slashes(split_path(pattern)[0]) if os.path.isabs(pattern) else ""
    existing, rest = root, list[str]()
    for name in pattern[len(root) :].split("/"):
        path = os.path.join(existing, name)
        if name == ".." and rest:
            rest.pop()
        elif not rest and not set(name) & set("*?") and os.path.lexists(path or "."):
            existing = path
        elif not rest and (file := _file_of_record(existing, name)):
            existing, rest = file, [os.path.join(existing, name).removeprefix(file)]
        elif name not in ("", "."):
            rest.append(f"/{name}")
    return _Parts(existing if existing == root else existing.rstrip("/"), "".join(rest))


def _file_of_record(folder: str, name: str) -> str | None:
    """Return the path of the existing file before a `#` in `name`, None without one."""
    paths = (os.path.join(folder, name[: match.start()]) for match in re.finditer("#", name) if match.start())
    return next(filter(os.path.lexists, paths), None)


# Characters. Names are stored in Unicode's composed or decomposed form, whichever their file system has.


def _exactly(text: str, spelling: _Spelling) -> str:
    """Translate a text that is no pattern, in all of its equivalent forms."""
    as_written = "".join(map(spelling, text))
    if text.isascii():
        return as_written
    return _any_of(["".join(_equivalents(char, spelling) for char in unicodedata.normalize("NFC", text)), as_written])


def _equivalents(character: str, spelling: _Spelling) -> str:
    return _any_of("".join(map(spelling, form)) for form in (character, unicodedata.normalize("NFD", character)))


def _in_files(character: str) -> str:
    if character == "#":  # in a file's name, or before the key of a record
        return "(?:#|%23)"
    return re.escape(quote_from_bytes(os.fsencode(character)))


def _elsewhere(character: str) -> str:
    """Translate a character of a web address or a name of standard input, which may be percent-encoded or not."""
    return _any_of(map(re.escape, (character, quote_from_bytes(os.fsencode(character)))))


def _any_of(expressions: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(expressions))
    return distinct[0] if len(distinct) == 1 else f"(?:{'|'.join(distinct)})"


_HEX = "[0-9A-Fa-f]{2}"
_UNIT = f"(?:[^%]|%{_HEX}|%(?!{_HEX}))"
"""What `*` repeats: a percent-encoded byte is not split."""

_NEXT_BYTE = "%[89AB][0-9A-F]"
_UTF8 = "|".join(f"%{first}[0-9A-F]{_NEXT_BYTE * more}" for first, more in (("[CD]", 1), ("E", 2), ("F", 3)))
# What a decomposed form adds to the first character: accents, the later letters of a Korean syllable, marks of kana
# and of Arabic.
_MARK = (
    "(?:%CC%[89AB][0-9A-F]|%CD%(?:[89][0-9A-F]|A[0-9A-F])|%E1%(?:85%[AB]|8[67]%[89AB])[0-9A-F]|%E3%82%9[9A]|%D9%9[345]"
    "|[\u0300-\u036f\u1160-\u11ff\u3099\u309a\u0653-\u0655])"
)
# A byte that is not part of a character in UTF-8 counts as one character.
# Atomic: a character of several bytes must not be matched in part when the rest of a pattern does not fit.
_ONE = f"(?>(?:{_UTF8}|{_UNIT}){_MARK}*)"
"""What `?` matches."""


# Patterns.


def _matching(pattern: str, spelling: _Spelling) -> str:
    """Translate a pattern, which may also be a name as it is listed, of a file that is gone."""
    globbed = _globbed(pattern, spelling)
    # Stars and question marks match themselves, too.
    return _any_of([globbed, _exactly(pattern, spelling)]) if "[" in pattern else globbed


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
    return begin + "".join(f"(?>{_UNIT}*?{piece})" for piece in inner) + f"{_UNIT}*{last}"


def _fixed(piece: str, spelling: _Spelling) -> str:
    """Translate a piece without stars."""
    parts, offset = [], 0
    while offset < len(piece):
        # As in `fnmatch`: a `]` right after the opening is a member, and a `[` that is never closed is a character.
        close = piece.find("]", offset + 3 if piece[offset : offset + 2] == "[!" else offset + 2)
        if piece[offset] == "[" and close > 0:
            parts.append(_bracket(piece[offset + 1 : close], spelling))
            offset = close + 1
        elif piece[offset] == "?":
            parts.append(_ONE)
            offset += 1
        else:
            wild = _WILD.search(piece, offset + 1)
            end = wild.start() if wild else len(piece)
            parts.append(_exactly(piece[offset:end], spelling))
            offset = end
    return "".join(parts)


def _bracket(content: str, spelling: _Spelling) -> str:
    negated = content.startswith("!")
    characters = _members(unicodedata.normalize("NFC", content.removeprefix("!")))
    any_of = _any_of(_equivalents(character, spelling) for character in characters)
    return f"(?:(?!{any_of}(?!{_MARK})){_ONE})" if negated else any_of


def _members(content: str) -> list[str]:
    """Return the characters that a bracket lists."""
    members, offset = list[str](), 0
    while offset < len(content):
        if content[offset + 1 : offset + 2] == "-" and offset + 2 < len(content):
            low, high = ord(content[offset]), ord(content[offset + 2])
            if high - low > _MAX_IN_BRACKETS:
                raise UsageError(
                    f"In a pattern of documents, the range {content[offset : offset + 3]} has too many characters"
                )
            members += map(chr, range(low, high + 1))
            offset += 3
        else:
            members.append(content[offset])
            offset += 1
    if not members or len(members) > _MAX_IN_BRACKETS:
        raise UsageError(f"In a pattern of documents, [{content[:20]}] has no characters in it, or too many")
    return members
