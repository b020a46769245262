"""The system's notices of changes in folders, through `watchfiles`.

The system does not say which notices it has dropped; that is why sources are also walked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from wherein.errors import WhereinError
from wherein.ingest.sources.scope import is_at_or_below
from wherein.installation import install_command
from wherein.library.watching.roots import Root

if TYPE_CHECKING:
    from watchfiles import _rust_notify

__all__ = ["Notices", "is_flood", "require_watchfiles"]

# Notices that come within `_STEP_MS` of each other are handed over together, but after `_LONGEST_MS` in any case.
_STEP_MS, _LONGEST_MS, _TIMEOUT_MS = 100, 500, 1_000
_NOT_POLLING, _POLL_MS = False, 0
_QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
_QUEUE_LENGTH = 16_384
_NOTICES_OF_ONE_CHANGE = 8


class Notices:
    """Calls `changed` with the paths that change in the folders of `roots`, from threads of its own, until `close`.

    `refused` are the folders that the system does not watch, each with the reason.
    """

    def __init__(self, roots: Collection[Root], changed: Callable[[set[str]], None]) -> None:
        self.refused: dict[str, str] = {}
        self._changed = changed
        self._closed = Event()
        present = [root for root in roots if root.identity]
        deep = _outermost(root.folder for root in present if root.deep)
        flat = {root.folder for root in present if not any(is_at_or_below(root.folder, above) for above in deep)}
        self._threads = [
            Thread(target=self._listen, args=(watch,), name="wherein-notices", daemon=True)
            for folders, is_deep in ((deep, True), (flat, False))
            if folders and (watch := self._watch(sorted(folders), is_deep))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, folders: list[str], is_deep: bool) -> _rust_notify.RustNotify | None:
        from watchfiles._rust_notify import RustNotify

        try:
            return RustNotify(folders, False, _NOT_POLLING, _POLL_MS, is_deep, True)
        except (OSError, RuntimeError) as error:
            self.refused |= dict.fromkeys(folders, str(error))
            return None

    def _listen(self, watch: _rust_notify.RustNotify) -> None:
        while not self._closed.is_set():
            found: Any = watch.watch(_LONGEST_MS, _STEP_MS, _TIMEOUT_MS, self._closed)
            if isinstance(found, set):
                self._changed({path for _, path in found})
        watch.close()


def _outermost(folders: Iterable[str]) -> set[str]:
    """Return the folders that are not inside another one: the system watches each folder once."""
    kept: set[str] = set()
    for folder in sorted(folders, key=len):
        if not any(is_at_or_below(folder, above) for above in kept):
            kept.add(folder)
    return kept


def is_flood(paths: Collection[str]) -> bool:
    """Whether so many paths changed at once that the system may have dropped other notices."""
    try:
        longest = int(_QUEUE.read_text("ascii"))
    except (OSError, ValueError):  # not Linux
        longest = _QUEUE_LENGTH
    return len(paths) * _NOTICES_OF_ONE_CHANGE >= longest


def require_watchfiles() -> None:
    """Raise WhereinError when the extra is not installed."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise WhereinError(f"To watch sources, install: {install_command('watch')}") from None
