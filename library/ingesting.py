"""Bringing files, web pages and texts into a library."""

from __future__ import annotations

import glob
import os
from datetime import UTC, datetime

from wherein.errors import UsageError

__all__ = ["TIME_IS_UP", "is_over", "source_path"]

TIME_IS_UP = "the time was up; the same command goes on"


def is_over(until: datetime | None) -> bool:
    """Whether the moment `until` has come."""
    return until is not None and datetime.now(UTC) >= until


def source_path(name: str) -> str:
    """Return a source's absolute path or pattern. Raises UsageError when it names nothing."""
    place = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111 - odd bytes stay
    if not os.path.lexists(place) and not glob.has_magic(place):
        raise UsageError(f"There is no file or folder {name}")
    return place
