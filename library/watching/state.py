"""What a running watch has left to do: written beside the library for `status`, in this process or another."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wherein.errors import LibraryBusy
from wherein.storage.disk.lock import is_locked, lock_file, try_lock

__all__ = ["StateFile", "WatchState", "read_watch_state", "watch_lock"]

_LOCK, _STATE = "watch.lock", "watch.json"
# `is_locked` takes the lock for a moment.
_RETRIES, _RETRY_SECONDS = 20, 0.01


@dataclass(frozen=True)
class WatchState:
    """The process `pid` has watched since `began_at` (UTC); `pending` paths have changed and are yet to be looked at.

    `doing` is `walking`, `ingesting`, `waiting` for another process that writes, or `idle`. `absent` are the sources
    that are missing, `walked_at` is when all sources were last walked, "" if they have not been yet.
    """

    pid: int
    began_at: str
    doing: str = "walking"
    pending: int = 0
    absent: tuple[str, ...] = ()
    walked_at: str = ""


@contextmanager
def watch_lock(folder: Path) -> Iterator[None]:
    """Be the one process that watches the library in `folder`. Raises LibraryBusy when there is another."""
    with lock_file(folder / _LOCK) as descriptor:
        for _ in range(_RETRIES):
            if try_lock(descriptor):
                break
            time.sleep(_RETRY_SECONDS)
        else:
            state = _stored(folder)
            holder = f"process {state.pid}" if state else "another process"
            raise LibraryBusy(f"{holder} is watching this library already", state.pid if state else None)
        yield


class StateFile:
    """Writes the state of a watch when it changes."""

    def __init__(self, folder: Path, state: WatchState) -> None:
        self._folder = folder
        self.state: WatchState = state
        self._write()

    def update(self, **changes: object) -> None:
        """Replace fields of the state."""
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if state != self.state:
            self.state = state
            self._write()

    def remove(self) -> None:
        """Remove the file: nobody watches any more."""
        with suppress(OSError):
            (self._folder / _STATE).unlink()

    def _write(self) -> None:
        # A disk that is full is reported by the run that writes documents.
        with suppress(OSError):
            draft = self._folder / f"{_STATE}.new"
            draft.write_text(json.dumps(asdict(self.state)), "utf-8")
            draft.replace(self._folder / _STATE)


def read_watch_state(folder: Path) -> WatchState | None:
    """Return the state of the process that watches the library in `folder`, None where there is none."""
    return _stored(folder) if is_locked(folder / _LOCK) else None


def _stored(folder: Path) -> WatchState | None:
    try:
        fields = json.loads((folder / _STATE).read_text("utf-8"))
        return WatchState(**(fields | {"absent": tuple(fields["absent"])}))
    except (OSError, ValueError, TypeError, LookupError):
        return None
