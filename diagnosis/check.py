"""One check: what it found, and the problem if there is one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wherein.errors import Damaged, LibraryBusy, ModelMismatch, UsageError, WhereinError, explain

__all__ = ["Check", "exit_code_of", "run_check", "without_home"]

# The first of these is the exit code of several problems.
_WORST_FIRST = tuple(error.exit_code for error in (Damaged, ModelMismatch, LibraryBusy, UsageError, WhereinError))


@dataclass(frozen=True)
class Check:
    """What a check found: `text` for people (one line or more), `fields` for programs, and `notes`.

    A `problem` is a sentence with what to do; `exit_code` is its error's, 0 without one.
    """

    name: str
    text: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    exit_code: int = 0

    def with_problem(self, error: Exception) -> Check:
        """Return this check with an error as its problem."""
        if isinstance(error, WhereinError | OSError):
            explained = explain(error)
            return replace(self, problem=str(explained), exit_code=explained.exit_code)
        first = next(iter(str(error).strip().splitlines()), "")
        reason = f"{type(error).__name__}{f': {first}' if first else ''}"
        return replace(self, problem=f"this check failed: {reason}", exit_code=WhereinError.exit_code)


def run_check(name: str, look: Callable[[], Check]) -> Check:
    """Return what a check finds; an exception in it is its problem."""
    try:
        return look()
    except Exception as error:
        return Check(name).with_problem(error)


def exit_code_of(checks: Iterable[Check]) -> int:
    """Return the exit code of the worst problem, 0 without any."""
    found = {check.exit_code for check in checks if check.problem}
    return next((code for code in _WORST_FIRST if code in found), 0)


def without_home(value: Any) -> Any:
    """Return text, or what holds text, with `~` in place of the user's home folder: it may be shown to strangers."""
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, Mapping):
        return {without_home(key): without_home(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_home(item) for item in value]
    return value


def _shortened(text: str) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111 - it may be unknown
    if not Path(home).is_absolute() or len(Path(home).parts) < 2:
        return text
    # Only whole names: not the beginning of `/home/annabel`.
    return re.sub(rf"(?<![\w.-]){re.escape(home.rstrip(os.sep))}(?![\w.-])", "~", text)
