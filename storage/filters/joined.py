"""Joining the tests of a filter, however many, to an expression that is not nested deeply."""

from __future__ import annotations

from collections.abc import Iterable

from wherein.storage.disk.batched import batched

__all__ = ["joined"]


def joined(word: str, tests: Iterable[str]) -> str:
    """Return one or more tests joined by ` AND ` or the like, in parentheses.

    They are joined in pairs, and the pairs in pairs: `a OR b OR c` is nested as deep as it has tests, and SQLite allows
    a depth of 1,000 (https://sqlite.org/limits.html), a Milvus server some forty.
    """
    level = list(tests)
    while len(level) > 2:
        level = [f"({word.join(pair)})" for pair in batched(level, 2)]
    return f"({word.join(level)})"
