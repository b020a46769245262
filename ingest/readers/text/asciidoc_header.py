"""The lines below the title of an AsciiDoc document: its authors and its revision."""

import re
from collections.abc import Sequence

__all__ = ["author_names", "revision_date"]

_ADDRESS = re.compile(r"[ \t]*<[^<>]*>[ \t]*")
_NAME = re.compile(r"[^\W\d_][^:=|\[\]*<>]{0,60}")
_MAX_WORDS = 5
_REVISION = re.compile(r"v\d[^:,]*(?:,([^:]*))?(?::.*)?|[\d.]+,([^:]*)(?::.*)?|(\d{4}-\d\d?-\d\d?)(?::.*)?")


def author_names(line: str) -> Sequence[str]:
    """Return the names in `Ann Quince <ann@example.org>; Ben Pear`; nothing when the line is a sentence."""
    names = [name.replace("_", " ").strip() for name in _ADDRESS.sub("", line).split(";")]
    are_names = all(
        _NAME.fullmatch(name) and len(name.split()) <= _MAX_WORDS and name[-1] not in ",!?." for name in names
    )
    return names if are_names else ()


def revision_date(line: str) -> str | None:
    """Return the date in `v1.2, 2024-05-02: Comment`, "" when it has none; None when the line names no revision."""
    found = _REVISION.fullmatch(line)
    return "".join(filter(None, found.groups())).strip() if found else None
